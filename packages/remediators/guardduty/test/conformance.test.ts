import {
  CreateDetectorCommand,
  DeleteDetectorCommand,
  GetDetectorCommand,
  GuardDutyClient,
  ListDetectorsCommand,
  UpdateDetectorCommand,
} from '@aws-sdk/client-guardduty';
import { resource } from '@redress/core';
import { cloudTrailEvent, describeRemediator, type Scenario, type Sdk } from '@redress/testing';
import { inject } from 'vitest';
import { enableGuardDuty } from '../src/index.js';

declare module 'vitest' {
  interface ProvidedContext {
    moto: string;
  }
}

const client = (sdk: Sdk) => new GuardDutyClient(sdk.config);
/** The one detector of the region: none, suspended or at work. One that is there is kept: its id is in the paths of its calls. */
const detector = (status: 'none' | 'suspended' | 'enabled') => async (sdk: Sdk) => {
  const guardduty = client(sdk);
  const Enable = status === 'enabled';
  const [DetectorId] = (await guardduty.send(new ListDetectorsCommand({}))).DetectorIds ?? [];
  if (DetectorId === undefined && status !== 'none') await guardduty.send(new CreateDetectorCommand({ Enable, FindingPublishingFrequency: 'ONE_HOUR' }));
  if (DetectorId !== undefined)
    await guardduty.send(status === 'none' ? new DeleteDetectorCommand({ DetectorId }) : (new UpdateDetectorCommand({ DetectorId, Enable }) as never));
  return resource({ type: 'AWS::::Account', id: sdk.account, account: sdk.account, region: sdk.region });
};
const suspend: Scenario['breakAgain'] = async (sdk) => {
  for (const DetectorId of (await client(sdk).send(new ListDetectorsCommand({}))).DetectorIds ?? [])
    await client(sdk).send(new UpdateDetectorCommand({ DetectorId, Enable: false }));
};

describeRemediator(enableGuardDuty, {
  account: { endpoint: inject('moto'), region: 'eu-north-1' },
  scenarios: [
    { name: 'a region without a detector', expect: 'change', arrange: detector('none'), breakAgain: suspend },
    {
      name: 'someone has just suspended it',
      expect: 'change',
      arrange: detector('suspended'),
      event: ({ account, region }) => cloudTrailEvent({ account, region, service: 'guardduty', operation: 'UpdateDetector', request: { enable: false } }),
      rest: async (sdk) => {
        const [DetectorId] = (await client(sdk).send(new ListDetectorsCommand({}))).DetectorIds ?? [];
        return (await client(sdk).send(new GetDetectorCommand({ DetectorId }))).FindingPublishingFrequency;
      },
    },
    { name: 'a detector at work', expect: 'compliant', arrange: detector('enabled') },
  ],
});
