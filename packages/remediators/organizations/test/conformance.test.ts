import { CreateOrganizationCommand, DeleteOrganizationCommand, OrganizationsClient } from '@aws-sdk/client-organizations';
import { GLOBAL_REGION, resource } from '@redress/core';
import { cloudTrailEvent, describeRemediator, type Sdk } from '@redress/testing';
import { inject } from 'vitest';
import { reportOutsideOrganization } from '../src/index.js';

declare module 'vitest' {
  interface ProvidedContext {
    moto: string;
  }
}

const organization = (is: boolean) => async (sdk: Sdk) => {
  const client = new OrganizationsClient(sdk.config);
  // Whatever the scenario before has left.
  await client.send(new DeleteOrganizationCommand({})).catch(() => undefined);
  if (is) await client.send(new CreateOrganizationCommand({ FeatureSet: 'ALL' }));
  return resource({ type: 'AWS::::Account', id: sdk.account, account: sdk.account, region: GLOBAL_REGION });
};

describeRemediator(reportOutsideOrganization, {
  account: { endpoint: inject('moto') },
  scenarios: [
    { name: 'an account that is in none', expect: 'manual', arrange: organization(false) },
    {
      name: 'an account that has just left one',
      expect: 'manual',
      arrange: organization(false),
      event: ({ account }) => cloudTrailEvent({ account, region: 'us-east-1', service: 'organizations', operation: 'LeaveOrganization', request: {} }),
    },
    { name: 'an account that is in another one', expect: 'manual', parameters: { managementAccount: '999999999999' }, arrange: organization(true) },
    { name: 'an account that is in one', expect: 'compliant', arrange: organization(true) },
  ],
});
