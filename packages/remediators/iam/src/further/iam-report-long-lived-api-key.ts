import { allOf, defineReport, paginate } from '@redress/core';
import * as z from '@redress/core/parameters';
import { packageRef } from '../package-ref.js';
import { iam } from './client.js';
import { credentialHolder, MARKER, namedIn, USER } from './principal.js';

const DAY = 24 * 3_600_000;
/** Services whose keys stand for a user in their API. Those of CodeCommit and Keyspaces are passwords of a protocol. */
const SERVICES: readonly string[] = ['bedrock.amazonaws.com', 'logs.amazonaws.com'];
const named = namedIn('userName', USER);

/**
 * Reports users with an API key of a service that does not end, or that ends later than the policy allows.
 *
 * @see https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html
 */
export const reportLongLivedApiKey = defineReport({
  on: credentialHolder,
  id: 'iam-report-long-lived-api-key',
  title: 'Report users with long-lived API keys',
  package: packageRef,
  controls: {},
  rules: {},
  calls: { 'iam:CreateServiceSpecificCredential': named, 'iam:UpdateServiceSpecificCredential': named, 'iam:DeleteServiceSpecificCredential': named },
  blindSpots: ['Who has the key: it is a bearer token, so calls need no signature.', 'What the policies of the user allow.'],
  parameters: z.strictObject({
    maxDays: z._default(z.int().check(z.gte(1), z.lte(36_600)), 90).check(z.describe('The longest allowed validity of a key, in days from its creation.')),
  }),
  read: {
    reads: [iam.pick('ListServiceSpecificCredentials')],
    async of({ aws, id }) {
      const all = await allOf(paginate(aws.iam.ListServiceSpecificCredentials, { UserName: id }, 'ServiceSpecificCredentials', MARKER));
      const keys = all.flatMap(({ ServiceSpecificCredentialId: key, ServiceName: service, Status, CreateDate, ExpirationDate }) => {
        if (key === undefined || service === undefined || Status === undefined || CreateDate === undefined)
          throw new Error(`IAM returned no creation date or service for a credential of ${id}.`);
        if (!SERVICES.includes(service)) return [];
        return [{ key, service, active: Status === 'Active', made: CreateDate.toISOString(), ends: ExpirationDate?.toISOString() ?? null }];
      });
      return { keys: keys.sort((a, b) => a.key.localeCompare(b.key)) };
    },
  },
  gap({ now: { keys }, id, observedAt, parameters: { maxDays } }) {
    const wrong = keys.flatMap(({ key, service, active, made, ends }) => {
      // One that has ended, or was turned off, opens nothing.
      if (!active || (ends !== null && Date.parse(ends) <= observedAt)) return [];
      if (ends === null) return [`${key} of ${service} never expires`];
      const days = Math.ceil((Date.parse(ends) - Date.parse(made)) / DAY);
      return days <= maxDays ? [] : [`${key} of ${service} is valid for ${days} days`];
    });
    if (wrong.length === 0) return null;
    return {
      message: `User ${id} has long-lived API keys: ${wrong.join('; ')}.`,
      steps: [
        'Ask the owner what uses the key. Switch it to a role, or to short-term keys from a role.',
        'Deactivate the key (aws iam update-service-specific-credential --status Inactive), and check that nothing fails.',
        'Only then delete it.',
      ],
    };
  },
  closed: 'each active key of the user expires in time, the user has none, or is gone',
});
