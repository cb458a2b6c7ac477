import type { Policy, Remediator } from '@redress/core';
import { frameworkOf, PACKS, type PackRule, packOf } from '@redress/frameworks';
import { isControl, type TrackedControl, type TrackedRule, trackedControls, trackedRules } from '@redress/tracked';

/** What a policy tracks, besides what remediators judge. */
export interface Tracking {
  /** Of a policy: the rules and controls that none of the other remediators evaluates. */
  of(policy: Pick<Policy, 'tracked'>, judged: readonly Remediator[]): readonly Remediator[];
  /** The rules themselves, as data. */
  rules(policy: Pick<Policy, 'tracked'>): readonly TrackedRule[];
  /** The controls of Security Hub, as data. */
  controls(policy: Pick<Policy, 'tracked'>): readonly TrackedControl[];
  /** Packs that nobody knows, and controls that AWS has withdrawn: nothing of them would be followed. */
  mistakes(policy: Pick<Policy, 'tracked'>): readonly { readonly path: readonly (string | number)[]; readonly message: string }[];
}

/** Reads the packs that a policy can name. */
export async function loadTracking(): Promise<Tracking> {
  const packs = new Map<string, readonly PackRule[]>(await Promise.all(PACKS.map(async (id) => [id, (await packOf(id)).rules] as const)));
  const rules: Tracking['rules'] = ({ tracked }) => {
    const own = Object.entries(tracked.rules).map(([name, rule]): TrackedRule => ({ name, ...rule }));
    const named = tracked.packs.flatMap((id) => packs.get(id) ?? []).filter(({ name }) => !own.some((each) => each.name === name));
    return [...own, ...named.map(({ identifier, name, types }) => ({ identifier, name, types }))];
  };
  const controls: Tracking['controls'] = ({ tracked }) =>
    Object.entries(tracked.controls).flatMap(([control, { types }]) => (isControl(control) ? [{ control, types }] : []));
  const retired = new Set((await frameworkOf('fsbp')).controls.flatMap(({ id, retired: is }) => (is ? [id] : [])));
  return {
    rules,
    controls,
    of: (policy, judged) => [...trackedRules(rules(policy), judged), ...trackedControls(controls(policy), judged)],
    mistakes: ({ tracked }) => [
      ...tracked.packs.flatMap((id, index) =>
        packs.has(id) ? [] : [{ path: ['tracked', 'packs', index], message: `there is no pack ${JSON.stringify(id)}; allowed: ${PACKS.join(', ')}` }],
      ),
      ...Object.keys(tracked.controls).flatMap((id) =>
        isControl(id) ? [] : [{ path: ['tracked', 'controls', id], message: `${JSON.stringify(id)} is not a control of Security Hub, such as RDS.5` }],
      ),
      ...Object.keys(tracked.controls).flatMap((id) =>
        retired.has(id) ? [{ path: ['tracked', 'controls', id], message: `AWS has withdrawn the control ${id}: Security Hub no longer reports it` }] : [],
      ),
    ],
  };
}
