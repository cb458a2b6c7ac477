import { normalize, unwrap } from '../events/index.js';
import { isLive } from '../guardrails/approval.js';
import { isRedressError, messageOf, RedressError } from '../model/errors.js';
import type { Finding } from '../model/finding.js';
import { oneType, type ResourceRef, resource, streamOf } from '../model/resource.js';
import { mappedRule } from '../policy/config-rule.js';
import type { Policy } from '../policy/policy.js';
import type { Remediator } from '../remediator/define.js';
import { loaded } from '../remediator/late.js';
import type { Looked } from './contradiction.js';
import { Delivery } from './delivery.js';
import { retryAtOf } from './later.js';
import type { LookedFor } from './left-out.js';
import { type Routing, readersOf, route } from './route.js';
import { Runtime } from './runtime.js';
import type { FindingResult, HandleResult, PassResult, Redress, RedressOptions, RunOptions, SweepOptions, SweepSummary, SweepTarget } from './types.js';
import { resourcePass } from './way.js';

/**
 * Composes remediators, policy, journal and connection into an engine. It is the only composition root: the Lambda handler and the command line are
 * thin layers around it. Code that findings do not need is loaded on first use, so that a function starts without it.
 *
 * @example
 * const redress = createRedress({ remediators: s3Remediators, policy, connect: connectAws(), journal: folderJournal({ directory: '.redress' }) });
 * const passes = await redress.run(resource({ type: 'AWS::S3::Bucket', id: 'invoices', account: '111111111111', region: 'eu-west-1' }));
 * @throws {RedressError} `compose/invalid`, `policy/invalid`: unknown remediators, invalid parameters, two remediators with one ID.
 */
export function createRedress(options: RedressOptions): Redress {
  const runtime = new Runtime(options);
  const { redactor } = runtime;
  /** What is answered, and thrown, is printed by whoever asks. */
  const clean = <A extends readonly unknown[], T>(work: (...args: A) => Promise<T>) => {
    return (...args: A) => redactor.from(() => work(...args));
  };
  return {
    remediators: options.remediators,
    plan: clean(async (remediator, ref) => askAbout(runtime, [await runtime.remediator(remediator)], ref, { dryRun: true })),
    run: clean((input, run = {}) => ask(runtime, input, oneRun(run))),
    handle: (input, run = {}) => handle(runtime, input, oneRun(run)),
    discover: (remediator, where) => discover(runtime, runtime.named(remediator), where),
    evaluate: clean(async (finding, run = {}) => (await import('./evaluate.js')).evaluate(runtime, finding, run.deadline ?? null)),
    sweep: clean((options) => sweepAndSay(runtime, options)),
    swept: clean(async (target) => (await import('./sweep.js')).swept(runtime, target)),
    rollback: clean(async (execution, how) => (await import('./rollback.js')).rollback(runtime, execution, how)),
    rollbackRefusal: clean(async (execution, how = {}) => (await import('./rollback.js')).rollbackRefusal(runtime, execution, how)),
    approvals: clean(async () => (await runtime.needJournal('An approval').approvals()).filter((each) => isLive(each, runtime.clock.now()))),
    approve: clean(async (id, how) => (await import('./approvals.js')).approve(runtime, id, how)),
    deny: clean(async (id, how) => (await import('./approvals.js')).deny(runtime, id, how)),
    approvalUse: clean(async (id) => (await import('./approvals.js')).approvalUse(runtime.needJournal('An approval'), id)),
    closeBreaker: clean(async (remediator, where, how) => (await import('./approvals.js')).closeBreaker(runtime, remediator, where, how)),
    retry: clean(async (ref, how) => (await import('./retry.js')).retry(runtime, ref, how)),
    attest: clean(async (remediator, where, how) => {
      const { attest, accountOf } = await import('./attest.js');
      const attestation = await attest(runtime, remediator, where, how);
      return { attestation, passes: await askAbout(runtime, [await runtime.remediator(remediator)], accountOf(where), oneRun({})) };
    }),
    recover: clean(async (run = {}) => (await import('./recover.js')).recover(runtime, run.deadline ?? null)),
    recoverExecution: clean(async (execution, how) => (await import('./recover.js')).recoverExecution(runtime, execution, how)),
    redact: (value) => redactor.now(value),
    close: () => runtime.gate.close(),
  };
}

/** The path, from history to notice: most events lead to no resource, and need nothing of it. */
const runPass = async (...args: Parameters<typeof import('./path.js').runPass>) => (await import('./path.js')).runPass(...args);

/** A sweep, then the digest of the day if it is due, and what was held back: it would be gone with this process, and nothing would say so. */
async function sweepAndSay(runtime: Runtime, given: SweepOptions): Promise<readonly SweepSummary[]> {
  const { onPass } = given;
  const options = onPass === undefined ? given : { ...given, onPass: (pass: PassResult) => onPass(runtime.redactor.now(pass)) };
  const { sweep } = await import('./sweep.js');
  const summaries = await sweep(runtime, options);
  if (options.dryRun === true) return summaries;
  const { sendDigest } = await import('./digest.js');
  await sendDigest(runtime, options.targets, options.deadline ?? null);
  await (await import('./recorder.js')).flushNotices(runtime);
  return summaries;
}

/** Null at once: it cannot be swept. Of a definition that is not loaded yet, an empty list says so. */
function discover(runtime: Runtime, remediator: Remediator, where: SweepTarget): AsyncIterable<ResourceRef> | null {
  if (remediator.late?.loaded !== false && remediator.discover === null) return null;
  return (async function* () {
    await loaded([remediator]);
    if (remediator.discover === null) return;
    const { discovered } = await import('./sweep/list.js');
    yield* discovered(runtime, remediator, where);
  })();
}

/** Whatever one call leads to is counted together. */
function oneRun(run: RunOptions): RunOptions {
  return { ...run, budget: run.budget ?? { changes: 0 } };
}

async function handle(runtime: Runtime, input: unknown, run: RunOptions): Promise<HandleResult> {
  const results: FindingResult[] = [];
  const retry = new Set<string>();
  const counted: Record<string, number> = {};
  const findings = unwrap(input).flatMap((envelope) => normalize(envelope));
  const delivery = new Delivery(runtime, findings, run);
  if (findings.length > 1) await delivery.resume();
  let late = false;
  for (const at of delivery.order()) {
    const finding = findings[at] as Finding;
    const handled: Handled = late ? { ...LEFT, finding } : await handleFinding(runtime, finding, run, { delivery, at });
    const { left, finding: known, ...found } = handled;
    // The finding is input: it is read, and not kept.
    const result: FindingResult = { finding: known, ...(await runtime.redactor.of(found)) };
    late ||= left;
    results.push(result);
    if (result.retryable && finding.itemId !== null) retry.add(finding.itemId);
    if (result.passes.length === 0 && result.error === null && !left) counted[finding.disposition] = (counted[finding.disposition] ?? 0) + 1;
    if (!left) delivery.came(at, result.retryable);
  }
  await delivery.end();
  return { results, retry: [...retry], counted };
}

/** The result of a finding; `left`: there was not enough time for all of it. */
type Handled = FindingResult & { readonly left: boolean };

/** A finding that there was no time for. */
const LEFT = {
  passes: [],
  reason: 'Not enough time is left; the next delivery continues from here.',
  gap: { closed: false, open: [] },
  error: null,
  retryable: true,
  retryAt: null,
  left: true,
} as const;

/** Throws nothing: a finding that fails takes no other along, and comes again. */
async function handleFinding(runtime: Runtime, finding: Finding, run: RunOptions, place: Place): Promise<Handled> {
  const passes: PassResult[] = [];
  try {
    const asked = await askFor(runtime, finding, run, passes, place);
    const { reason, left } = asked;
    const all = [...passes, asked];
    return { finding, passes, reason, gap: gapOf(passes), error: null, retryable: all.some((each) => each.retryable), retryAt: retryAtOf(all), left };
  } catch (error) {
    // A store that is down, or a bug. What was done before it is in `passes`, and the same input comes again.
    runtime.warn(`finding ${finding.id} could not be handled`, error);
    const code = isRedressError(error) ? error.code : 'engine/bug';
    return {
      finding,
      passes,
      reason: finding.reason,
      gap: gapOf(passes),
      error: { code, message: messageOf(error) },
      retryable: true,
      retryAt: null,
      left: false,
    };
  }
}

/** A finding is closed when every remediator of its control is satisfied; one that fixed its part closes nothing for the others. */
export function gapOf(passes: readonly PassResult[]): FindingResult['gap'] {
  const open = passes.flatMap((pass) => {
    if (pass.open.length > 0) return pass.open;
    // A plan that is left, because another worker is at it, is not closed yet.
    const right = pass.outcome === 'remediated' || (pass.outcome === 'no-op' && pass.plan === null);
    return right ? [] : [`${pass.remediator}: ${pass.outcome}: ${pass.message}`];
  });
  return { closed: passes.length > 0 && open.length === 0, open: [...new Set(open)] };
}

async function ask(runtime: Runtime, input: Finding | ResourceRef, run: RunOptions): Promise<readonly PassResult[]> {
  if ('disposition' in input) {
    const passes: PassResult[] = [];
    await askFor(runtime, input, run, passes);
    return passes;
  }
  const type = oneType(input.type);
  const asked = await loaded(runtime.remediators.filter((each) => each.resourceTypes.includes(type)).sort((a, b) => a.breadth - b.breadth));
  if (asked.length === 0) throw new RedressError('compose/invalid', `No remediator handles resources of type ${type}.`);
  return askAbout(runtime, asked, input, run);
}

/** Where a finding is in the input that it came with. */
interface Place {
  readonly delivery: Delivery;
  readonly at: number;
}

/** Fills `passes` as they are made, resource by resource. Returns why there are none, and whether time ran out for some. */
async function askFor(
  runtime: Runtime,
  finding: Finding,
  run: RunOptions,
  passes: PassResult[],
  { delivery, at }: Place = { delivery: new Delivery(runtime, [finding], {}), at: 0 },
): Promise<LookedFor & { readonly left: boolean }> {
  const { finding: known, routes, reason } = await routed(runtime, finding, run);
  const trigger = { by: 'finding', finding: known } as const;
  const late = { reason: LEFT.reason, retryable: true, retryAt: null, left: true };
  const byResource = Map.groupBy(routes, ({ resource: claimed }) => streamOf(claimed));
  if (byResource.size > 1) await delivery.resume();
  for (const stream of delivery.resources(at, [...byResource.keys()])) {
    if (!delivery.mayBegin()) return late;
    const asked = byResource.get(stream) ?? [];
    const pass = resourcePass(asked.map(({ remediator }) => remediator));
    const looks: Looked[] = [];
    for (const { remediator, resource: claimed, ids } of asked) {
      const made = await runPass(runtime, { remediator, claimed, ids, trigger, together: pass }, run);
      looks.push({ remediator, passes: made });
      passes.push(...made);
    }
    // Who cannot judge a claim contradicts none.
    const judges = looks.some(({ remediator }) => remediator.judge !== undefined);
    const contradicted = judges ? await (await import('./contradiction.js')).contradiction(runtime, known, looks, pass.reads, run) : null;
    if (contradicted !== null) passes.push(contradicted);
    const all = [...looks.flatMap((each) => each.passes), ...(contradicted === null ? [] : [contradicted])];
    await delivery.handled(
      at,
      stream,
      all.some((each) => each.retryable),
    );
  }
  if (routes.length > 0) return { reason, retryable: false, retryAt: null, left: false };
  if (!delivery.mayBegin()) return late;
  const { lookFor } = await import('./left-out.js');
  return { ...((await lookFor(runtime, known, run, passes)) ?? { reason, retryable: false, retryAt: null }), left: false };
}

/** Where a finding leads. A Config rule by whose name nobody is asked is looked up: its identifier says what it is. */
async function routed(runtime: Runtime, finding: Finding, run: RunOptions): Promise<Routing & { readonly finding: Finding }> {
  const policy = await runtime.readPolicy();
  const routing = await routeTo(runtime, finding, policy);
  const { configRule, disposition } = finding;
  const asks = disposition === 'candidate' || disposition === 'resolved';
  const knows = runtime.remediators.some(({ resourceTypes }) => finding.resources.some(({ type }) => resourceTypes.includes(type)));
  if (routing.routes.length > 0 || configRule === null || !asks || !knows || mappedRule(configRule, policy) !== null) return { ...routing, finding };
  const rule = await runtime.configRule(finding, run.deadline ?? null);
  if (!rule.ok) return { ...routing, reason: `${routing.reason} What the rule is could not be read: ${rule.error}`, finding };
  if (rule.value === null || rule.value.identifier === null) return { ...routing, finding };
  const named = Object.freeze({ ...finding, extra: Object.freeze({ ...finding.extra, ruleIdentifier: rule.value.identifier }) });
  return { ...(await routeTo(runtime, named, policy)), finding: named };
}

/** Loads what reads the call, and what is asked. A finding that leads nowhere loads nothing. */
async function routeTo({ remediators }: Runtime, finding: Finding, policy: Policy): Promise<Routing> {
  await loaded(readersOf(finding, remediators));
  const routing = route(finding, remediators, policy);
  await loaded(routing.routes.map(({ remediator }) => remediator));
  return routing;
}

async function askAbout(runtime: Runtime, remediators: readonly Remediator[], input: ResourceRef, run: RunOptions): Promise<readonly PassResult[]> {
  const claimed = resource(input);
  const passes: PassResult[] = [];
  const together = resourcePass(remediators);
  for (const remediator of remediators)
    passes.push(...(await runPass(runtime, { remediator, claimed, ids: [claimed.id], trigger: { by: 'request' }, together }, run)));
  return passes;
}
