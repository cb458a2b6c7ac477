import { resource } from '@redress/core';
import { faultMatrix, type Operation, reportedGap, SimulatedError } from '@redress/testing';
import { expect, it } from 'vitest';
import { enableGuardDuty } from '../src/index.js';

interface Detectors {
  readonly [id: string]: { enabled: boolean };
}
const known = (custom: Record<string, unknown>, id: string) => {
  const found = (custom as Detectors)[id];
  if (found === undefined) throw new SimulatedError('BadRequestException', 400);
  return found;
};
/** As much of GuardDuty as the package uses. One detector a region: a second one is refused, unless by the token of the first. */
const guardduty: Readonly<Record<string, Operation>> = {
  ListDetectors: ({ custom }) => ({ DetectorIds: Object.keys(custom) }),
  GetDetector: ({ custom }, { DetectorId }: { readonly DetectorId: string }) => ({ Status: known(custom, DetectorId).enabled ? 'ENABLED' : 'DISABLED' }),
  CreateDetector: (state, { Enable }: { readonly Enable: boolean }) => {
    if (Object.keys(state.custom).length > 0) throw new SimulatedError('BadRequestException', 400);
    const DetectorId = `d${++state.made}`;
    state.custom[DetectorId] = { enabled: Enable };
    return { DetectorId };
  },
  UpdateDetector: ({ custom }, { DetectorId, Enable }: { readonly DetectorId: string; readonly Enable: boolean }) => {
    known(custom, DetectorId).enabled = Enable;
    return {};
  },
};

it.each(['none', 'suspended'] as const)('survives every fault at every call, with a detector that is %s', async (before) => {
  const report = await faultMatrix(enableGuardDuty, {
    services: { guardduty },
    arrange(account) {
      account.state.custom['d0'] = { enabled: true };
      const enabled = () => Object.values(account.state.custom as Detectors).some((each) => each.enabled);
      return reportedGap({
        resource: resource({ type: 'AWS::::Account', id: account.account, account: account.account, region: 'us-east-1' }),
        rule: 'guardduty-enabled-centralized',
        open: () => {
          if (before === 'none') delete account.state.custom['d0'];
          else account.act('guardduty', 'UpdateDetector', { DetectorId: 'd0', Enable: false });
        },
        isOpen: () => !enabled(),
        others: {
          fix: () => {
            const [DetectorId] = Object.keys(account.state.custom);
            if (DetectorId === undefined) account.act('guardduty', 'CreateDetector', { Enable: true });
            else account.act('guardduty', 'UpdateDetector', { DetectorId, Enable: true });
          },
        },
      });
    },
  });
  expect(report.broken).toEqual([]);
  expect(report.injected).toBeGreaterThan(150);
});
