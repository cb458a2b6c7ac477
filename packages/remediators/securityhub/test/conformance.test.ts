import { DescribeHubCommand, DisableSecurityHubCommand, EnableSecurityHubCommand, SecurityHubClient } from '@aws-sdk/client-securityhub';
import { resource } from '@redress/core';
import { cloudTrailEvent, describeRemediator, type Scenario, type Sdk } from '@redress/testing';
import { inject } from 'vitest';
import { enableSecurityHub } from '../src/index.js';

declare module 'vitest' {
  interface ProvidedContext {
    moto: string;
  }
}

const client = (sdk: Sdk) => new SecurityHubClient(sdk.config);
const isOn = (sdk: Sdk) =>
  client(sdk)
    .send(new DescribeHubCommand({}))
    .then(
      () => true,
      () => false,
    );
const hub = (on: boolean) => async (sdk: Sdk) => {
  if ((await isOn(sdk)) !== on) await client(sdk).send(on ? new EnableSecurityHubCommand({}) : (new DisableSecurityHubCommand({}) as never));
  return resource({ type: 'AWS::::Account', id: sdk.account, account: sdk.account, region: sdk.region });
};
const off: Scenario['breakAgain'] = async (sdk) => {
  await hub(false)(sdk);
};

describeRemediator(enableSecurityHub, {
  account: { endpoint: inject('moto'), region: 'eu-west-3' },
  scenarios: [
    { name: 'a region without it', expect: 'change', arrange: hub(false), breakAgain: off },
    {
      name: 'someone has just turned it off',
      expect: 'change',
      arrange: hub(false),
      event: ({ account, region }) => cloudTrailEvent({ account, region, service: 'securityhub', operation: 'DisableSecurityHub', request: null }),
    },
    { name: 'a region with it', expect: 'compliant', arrange: hub(true) },
  ],
});
