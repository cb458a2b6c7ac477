import { resource } from '@redress/core';
import { faultMatrix, type Operation, reportedGap, SimulatedError } from '@redress/testing';
import { expect, it } from 'vitest';
import { enableExecutionLogging } from '../src/index.js';

interface Stage {
  levels: Record<string, string>;
  tags: Record<string, string>;
}
type Named = { readonly restApiId: string; readonly stageName: string };
const idOf = ({ restApiId, stageName }: Named) => `restapis/${restApiId}/stages/${stageName}`;
const known = (custom: Record<string, unknown>, id: string): Stage => {
  const found = (custom as Record<string, Stage>)[id];
  if (found === undefined) throw new SimulatedError('NotFoundException', 404);
  return found;
};
/** As much of API Gateway as the package uses. */
const apigateway: Readonly<Record<string, Operation>> = {
  GetAccount: () => ({ cloudwatchRoleArn: 'arn:aws:iam::111111111111:role/logs' }),
  GetRestApis: ({ custom }) => ({ items: Object.keys(custom).map((id) => ({ id: id.split('/')[1] })) }),
  GetStages: () => ({ item: [{ stageName: 'prod' }] }),
  GetStage: ({ custom }, named: Named) => {
    const { levels, tags } = known(custom, idOf(named));
    return {
      stageName: named.stageName,
      createdDate: new Date('2026-01-02T03:04:05Z'),
      tags,
      methodSettings: Object.fromEntries(Object.entries(levels).map(([method, loggingLevel]) => [method, { loggingLevel, dataTraceEnabled: false }])),
    };
  },
  UpdateStage: (
    { custom },
    { patchOperations, ...named }: Named & { readonly patchOperations: readonly { readonly path: string; readonly value: string }[] },
  ) => {
    const found = known(custom, idOf(named));
    for (const { path, value } of patchOperations) found.levels[path.slice(1).replace('/logging/loglevel', '')] = value;
    return {};
  },
};
const [SUBJECT, BESIDE] = ['restapis/subject/stages/prod', 'restapis/beside/stages/prod'] as const;
const sound = (): Stage => ({ levels: { '*/*': 'ERROR', '~1pets/GET': 'INFO' }, tags: { team: 'web' } });

it.each([
  ['for all methods', { '*/*': 'OFF', '~1pets/GET': 'INFO' }],
  ['for one method', { '*/*': 'ERROR', '~1pets/GET': 'OFF' }],
])('survives every fault at every call, if logging is off %s', async (_, levels) => {
  const report = await faultMatrix(enableExecutionLogging, {
    services: { apigateway },
    arrange(account) {
      Object.assign(account.state.custom, { [BESIDE]: sound(), [SUBJECT]: sound() });
      const subject = () => known(account.state.custom, SUBJECT);
      return reportedGap({
        resource: resource({ type: 'AWS::ApiGateway::Stage', id: SUBJECT, account: account.account, region: 'us-east-1' }),
        rule: 'api-gw-execution-logging-enabled',
        open: () => Object.assign(subject(), { levels: { ...levels } }),
        isOpen: () => account.state.custom[SUBJECT] !== undefined && Object.values(subject().levels).includes('OFF'),
        others: {
          delete: () => delete account.state.custom[SUBJECT],
          fix: () => Object.assign(subject(), { levels: sound().levels }),
          change: () => Object.assign(subject().tags, { more: 'x' }),
        },
      });
    },
  });
  expect(report.broken).toEqual([]);
  expect(report.injected).toBeGreaterThan(160);
});
