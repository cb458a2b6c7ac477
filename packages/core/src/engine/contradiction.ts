import { type Decision, decisive, type Fact } from '../guardrails/guardrail.js';
import { emptyView } from '../journal.js';
import type { Finding, FindingKind } from '../model/finding.js';
import { digestOf, isRecord } from '../model/json.js';
import { streamOf } from '../model/resource.js';
import { matchesRule } from '../policy/config-rule.js';
import type { Policy } from '../policy/policy.js';
import type { ConfigRule } from '../ports.js';
import type { Claim, Remediator } from '../remediator/define.js';
import { LOOKING, type SharedReads } from './gate.js';
import { recordDecision } from './recorder.js';
import { identifierOf } from './route.js';
import { factOf, type Look, parametersOf, type Runtime, type Standing } from './runtime.js';
import type { PassResult, RunOptions } from './types.js';

/** The result of one remediator's turn on a resource. */
export interface Looked {
  readonly remediator: Remediator;
  readonly passes: readonly PassResult[];
}

/** Events that say of a resource that it fails. A call says what was done, not that it is wrong. */
const SAYS_SO: readonly FindingKind[] = [
  'config-compliance-change',
  'config-compliance-detail',
  'config-remediation',
  'finding-imported',
  'finding-imported-v2',
  'finding-custom-action',
];

/** Guardrails under which a look that finds nothing is still worth knowing of; under any other refusal the finding has no say. */
const NO_OBJECTION: readonly string[] = ['settling', 'kill-switch', 'limits', 'circuit-breaker', 'freeze', 'windows'];

/**
 * Whether source and read contradict each other: the source reports that a resource fails, and every read shows that there is nothing left to
 * change. People are notified once of the same reasons, and the gap stays open. Null: they agree, or the claim is resolved.
 */
export async function contradiction(
  runtime: Runtime,
  finding: Finding,
  looks: readonly Looked[],
  shared: SharedReads,
  run: RunOptions,
): Promise<PassResult | null> {
  const passes = looks.flatMap((each) => each.passes);
  if (!looks.some(({ remediator }) => remediator.judge !== undefined)) return null;
  if (finding.disposition !== 'candidate' || !SAYS_SO.includes(finding.kind) || passes.length === 0) return null;
  if (!passes.every((pass) => isClosed(pass) && !objects(pass.decision))) return null;
  const deadline = run.deadline ?? null;
  const standing = await runtime.standing();
  const { policy } = standing;
  const rule = await runtime.configRule(finding, deadline);
  const claim = claimOf(finding, rule.ok ? rule.value : null, policy.ok ? policy.value : { configRules: {} }, runtime.clock.now());
  const judged = await judge(runtime, looks, { claim, policy, deadline, shared });
  if (judged === null) return null;
  const open = [...new Set(judged.answers.flatMap((each) => each ?? []))];
  if (open.length === 0) {
    // Somebody judges it whole; or what was reported was put right by us, before or just now; or it is asked for, and not said.
    const settled = judged.answers.some((each) => each !== null) || passes.some((pass) => pass.execution !== null);
    if (settled || finding.kind === 'config-remediation') return null;
    const unread = rule.ok ? '' : ` The parameters of the rule could not be read: ${rule.error}`;
    const said = looks.flatMap((each) => each.passes.slice(-1).map(({ message }) => `${each.remediator.id}: ${message}`));
    open.push(`${nameOf(finding)} checks more than its remediators do, or the gap has been closed since: ${said.join(' ')}${unread}`);
  }
  return record(runtime, finding, judged, { open, standing, run });
}

/** What a read showed, and its outcome. */
interface Seen {
  readonly remediator: Remediator;
  readonly pass: PassResult;
  readonly seen: Look;
}

/** What those that can judge a claim say of it, and the first of them; null: none of them can see, or the resource is gone. */
async function judge(
  runtime: Runtime,
  looks: readonly Looked[],
  how: { readonly claim: Claim; readonly policy: Fact<Policy>; readonly deadline: number | null; readonly shared: SharedReads },
): Promise<(Seen & { readonly answers: readonly (readonly string[] | null)[] }) | null> {
  const { claim, policy, deadline, shared } = how;
  const answers: (readonly string[] | null)[] = [];
  let first: Seen | null = null;
  for (const { remediator, passes } of looks) {
    const pass = passes.at(-1);
    if (pass === undefined || remediator.judge === undefined) continue;
    const seen = await runtime.look(remediator, pass.resource, policy, { as: LOOKING, deadline, shared });
    const observation = seen.observation.ok ? seen.observation.value : null;
    if (observation === 'gone') return null;
    if (observation === null || !policy.ok) continue;
    first ??= { remediator, pass, seen };
    const { state, context } = observation;
    answers.push(remediator.judge({ state, context, claim, resource: pass.resource, parameters: parametersOf(policy.value, remediator) }));
  }
  return first === null ? null : { ...first, answers };
}

/** Records the contradiction, and notifies people once of the same reasons. */
async function record(
  runtime: Runtime,
  finding: Finding,
  { remediator, pass, seen }: Seen,
  { open, standing, run }: { readonly open: readonly string[]; readonly standing: Standing; readonly run: RunOptions },
): Promise<PassResult> {
  const ref = pass.resource;
  const message = `Contradicted: open at the source, because ${open.join('; ')}`;
  const contradicts = digestOf(open);
  const decision: Decision = {
    effect: 'notify',
    results: [
      ...(pass.decision?.results ?? []).filter((each) => each.effect === 'allow'),
      { guardrail: 'claim', effect: 'notify', code: 'contradicted', message },
    ],
  };
  const trigger = { by: 'finding', finding } as const;
  const identity = await factOf(() => runtime.identity(ref, LOOKING));
  const history = await factOf(async () => (runtime.journal === null ? emptyView(streamOf(ref)) : await runtime.journal.view(ref)));
  const track = await runtime.trackRecord(standing.policy, remediator, ref);
  const facts = runtime.facts({ remediator, ref, trigger, identity, standing, history, track, seen, changes: 0, lastChange: null });
  const known = run.dryRun === true || (await wasTold(runtime, ref, contradicts));
  return recordDecision(runtime, { remediator, ref, trigger }, known, {
    outcome: 'notified',
    message,
    decision,
    facts,
    open,
    steps: [
      'Check the resource, and what the rule or control checks.',
      'Close the gap by hand, change the parameters in the policy, or record an exception. If it is closed already, the source says so at its next evaluation.',
    ],
    body: { contradicts },
  });
}

/** Whether a pass leaves nothing open, as far as its remediator can determine. */
function isClosed({ outcome, plan, open }: PassResult): boolean {
  return open.length === 0 && (outcome === 'remediated' || (outcome === 'no-op' && plan === null));
}

/** Whether what was decided says that nobody wants to hear of it: it is exempt or switched off, or the event may not speak for the account. */
function objects(decision: Decision | null): boolean {
  if (decision === null || (decision.effect !== 'exempt' && decision.effect !== 'deny')) return false;
  return !decisive(decision).every((each) => NO_OBJECTION.includes(each.guardrail));
}

function claimOf(finding: Finding, rule: ConfigRule | null, policy: Pick<Policy, 'configRules'>, observedAt: number): Claim {
  const { controls, configRule } = finding;
  const own = finding.extra['controlParameters'];
  const identifier = rule?.identifier ?? identifierOf(finding);
  return {
    controls,
    configRule,
    isRule: (known) => configRule !== null && matchesRule(known, configRule, policy, identifier),
    parameters: rule?.parameters ?? (isRecord(own) ? (own as Record<string, string>) : null),
    observedAt,
  };
}

function nameOf({ configRule, controls }: Finding): string {
  return configRule !== null ? `the Config rule ${configRule}` : controls.length > 0 ? `the control ${controls.join(', ')}` : 'it';
}

/** Whether people know of just this, and nothing was changed since. */
async function wasTold(runtime: Runtime, ref: PassResult['resource'], contradicts: string): Promise<boolean> {
  let told = false;
  let asked = -1;
  for await (const { record } of runtime.needJournal('A record').read({ resource: ref })) {
    if (record.kind === 'outcome') told = false;
    else if (record.kind === 'decision' && record.body['contradicts'] === contradicts) {
      told = true;
      asked = record.seq;
    } else if (record.kind === 'notice' && isRecord(record.body['notice']) && record.body['notice']['of'] === asked)
      told = record.body['notice']['status'] !== 'not-delivered';
  }
  return told;
}
