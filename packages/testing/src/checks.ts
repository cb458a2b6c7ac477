import {
  type ApiCall,
  type Assessment,
  type Change,
  canonicalJson,
  countOf,
  digestOf,
  type HandleResult,
  isRedressError,
  type Json,
  messageOf,
  type PassResult,
  type Plan,
  type Redress,
  type Remediator,
  type ResourceRef,
  toJson,
} from '@redress/core';
import { parametersJsonSchema } from '@redress/core/schema';
import { type Act, APPROVER, type Bench, type EngineSetup, type Look, type Stage } from './bench.js';
import { type CrashPoint, crashingJournal } from './crash.js';
import { impurities } from './pure.js';
import type { Scenario } from './scenario.js';
import type { FaultKind, WireCall } from './wire.js';

/** What is wrong, in one sentence each. */
export type Problems = readonly string[];

/** A promise that every remediator keeps, and how it is tried in one scenario. */
export interface Check {
  readonly name: string;
  /** Whether there is anything to try. */
  readonly applies: (scenario: Scenario, remediator: Remediator) => boolean;
  readonly run: (bench: Bench, scenario: Scenario) => Promise<Problems>;
}

/** Collects what is wrong. */
class Findings {
  readonly problems: string[] = [];
  /** A sentence that is wrong when the condition does not hold. */
  check(holds: boolean, problem: string): boolean {
    if (!holds) this.problems.push(problem);
    return holds;
  }
}

const CHANGED: readonly string[] = ['remediated', 'flagged'];
const named = (calls: readonly Pick<WireCall, 'service' | 'operation'>[]) => [...new Set(calls.map((call) => `${call.service}:${call.operation}`))].join(', ');
const outcomes = (passes: readonly PassResult[]) =>
  passes.map((pass) => (pass.message === '' ? pass.outcome : `${pass.outcome} (${pass.message})`)).join('; ') || 'nothing';

/** An event that says more than the remediator looks for ends in a contradiction, which people are notified of; what it makes of the resource is the same. */
const ownPasses = (passes: readonly PassResult[]): readonly PassResult[] =>
  passes.filter((pass) => pass.decision?.results.some((each) => each.code === 'contradicted') !== true);
const passesOf = (result: HandleResult) => result.results.flatMap((each) => each.passes);
const silence = (result: HandleResult) =>
  result.results
    .map((each) => each.reason)
    .filter((reason) => reason !== '')
    .join('; ');
/** Executions that changed something, in order. */
const executed = (passes: readonly PassResult[]) => passes.filter((pass) => pass.execution !== null && !pass.duplicate && CHANGED.includes(pass.outcome));
const changesOf = (passes: readonly PassResult[]) => executed(passes).reduce((sum, pass) => sum + (pass.plan?.changes.length ?? 0), 0);
const stateOf = (look: Look | undefined): Json | undefined => (look === undefined || look.observation === 'gone' ? undefined : look.observation.state);
const sameState = (a: Look | undefined, b: Look | undefined) => {
  const [before, after] = [stateOf(a), stateOf(b)];
  return before !== undefined && after !== undefined && digestOf(before) === digestOf(after);
};

/** Writes that had their effect, or may have had it. */
const effective = (writes: readonly WireCall[]) => writes.filter((call) => call.forwarded && (call.status === null || call.status < 400));

const plainChange = (scenario: Scenario) => scenario.expect === 'change' && (scenario.hazards ?? []).length === 0 && scenario.irreversible !== true;
const holdsBack = (scenario: Scenario) => !plainChange(scenario);

/** Asks the engine as the world does: by an event where there is one, else by naming the resource. */
async function ask(stage: Stage, redress: Redress, event: unknown = stage.event()): Promise<{ passes: readonly PassResult[]; why: string }> {
  if (event === null) return { passes: await redress.run(stage.resource), why: '' };
  const result = await redress.handle(event);
  return { passes: passesOf(result), why: silence(result) };
}

type Asked = Act<{ passes: readonly PassResult[]; why: string }>;

async function enforce(stage: Stage, setup: EngineSetup = {}, event?: unknown): Promise<Asked> {
  const redress = stage.engine(setup);
  try {
    return await stage.act(() => ask(stage, redress, event));
  } finally {
    redress.close();
  }
}

/** The fix, for checks that begin with one. */
async function fixed(stage: Stage, findings: Findings): Promise<Asked | null> {
  const fix = await enforce(stage);
  const { passes, why } = fix.value;
  return findings.check(executed(passes).length > 0, `the run did not change anything: ${outcomes(passes)}${why === '' ? '' : `; ${why}`}`) ? fix : null;
}

function noWrites(findings: Findings, when: string, act: Act<unknown>): void {
  findings.check(act.writes.length === 0, `${when}: ${act.writes.length} writing calls on the wire (${named(act.writes)}); expected none`);
}

function untouched(findings: Findings, when: string, before: string, after: string): void {
  findings.check(before === after, `${when}: what may not change has changed, from ${short(before)} to ${short(after)}`);
}

const short = (text: string) => (text.length > 400 ? `${text.slice(0, 400)}…` : text);

/** What goes around the engine's gate goes around every guardrail. */
function throughTheGate(findings: Findings, act: Act<unknown>): void {
  // A client repeats a read that the service was too busy for.
  const answered = act.wire.filter((call) => call.status !== null && call.status < 500 && call.status !== 429);
  findings.check(
    answered.length <= act.traces.length,
    `${answered.length} calls on the wire, but only ${act.traces.length} through \`aws\`: something bypasses it (${named(answered)})`,
  );
}

/** The service of a signature is not always the prefix of an IAM action. */
const SIGNING: Readonly<Record<string, string>> = { cloudwatch: 'monitoring', ses: 'email', elasticfilesystem: 'elasticfilesystem', mq: 'amazonmq' };

/** Operations as declared, for what is on the wire; calls that do not name themselves are known from the engine alone. */
function usedOf(act: Act<unknown>): { readonly service: string; readonly operation: string }[] {
  return act.traces.filter((trace) => trace.failure === null || trace.failure.effect === 'refused').map(({ service, operation }) => ({ service, operation }));
}

function onlyDeclared(findings: Findings, remediator: Remediator, wire: readonly WireCall[], phase: 'fix' | 'rollback'): void {
  const { reads, writes, undoes, undoesByPerson = [] } = remediator.uses;
  const declared = new Set(
    [...reads, ...(phase === 'fix' ? writes : [...undoes, ...undoesByPerson])].flatMap((use) =>
      use.operations.map((operation) => `${SIGNING[use.service.id] ?? use.service.id}:${operation}`),
    ),
  );
  const others = wire.filter((call) => call.named && !declared.has(`${call.service}:${call.operation}`));
  findings.check(others.length === 0, `${named(others)} on the wire in a ${phase}, but not declared for it`);
}

/** What decides how a plan of one call fares when it fails, when workers die and events come again: the call and its undo, not which resource they are of. */
function shapeOf(changes: readonly Change[], { partly = false, steps = false }: Scenario): string | null {
  const [change, ...others] = changes;
  // Of several calls some may have been made: what is there then decides.
  if (change === undefined || others.length > 0 || ('calls' in change.undo && change.undo.calls.length > 1)) return null;
  const nameOf = ({ service, operation, retry, input }: ApiCall) => [
    service,
    operation,
    retry,
    Object.keys(input),
    JSON.stringify(input).includes('"$response"'),
  ];
  const { call, undo, subject, resolves } = change;
  return JSON.stringify([nameOf(call), 'calls' in undo ? undo.calls.map(nameOf) : null, subject !== undefined, resolves, partly, steps]);
}

/** A check that is carried out in the first scenario whose plan has its shape. Where no shape is known, it is carried out. */
function oncePerPlan(run: Check['run']): Check['run'] {
  return async (bench, scenario) => {
    const shape = bench.shapes.get(scenario);
    const first = [...bench.shapes].find(([, its]) => its === shape)?.[0] ?? scenario;
    return first === scenario ? run(bench, scenario) : [];
  };
}

async function dryRun(bench: Bench, scenario: Scenario): Promise<Problems> {
  const findings = new Findings();
  const stage = await bench.shown(scenario);
  const redress = stage.engine();
  const first = await stage.act(() => redress.plan(bench.remediator.id, stage.resource));
  const second = await stage.act(() => redress.plan(bench.remediator.id, stage.resource));
  redress.close();
  bench.use(usedOf(first));
  noWrites(findings, 'dry run', first);
  noWrites(findings, 'second dry run', second);
  throughTheGate(findings, first);
  const look = first.looks.at(-1);
  if (look === undefined || look.assessment === null) {
    const gone = look?.observation === 'gone';
    findings.check(
      gone && scenario.expect === 'compliant',
      gone ? 'the arranged resource is not seen: observe says that it is gone' : `it could not be looked at: ${outcomes(first.value)}`,
    );
    return findings.problems;
  }
  findings.check(
    sameState(look, second.looks.at(-1)),
    'two dry runs in a row observe different states: the state holds what changes on its own (order, time, counters), or the dry run changed something',
  );
  findings.check(look.assessment.status === scenario.expect, `plan says ${look.assessment.status}, expected ${scenario.expect}`);
  const { assessment } = look;
  const seen = new Set(
    [
      ...(assessment.status === 'change' || assessment.status === 'manual' ? (assessment.hazards ?? []) : []),
      ...(assessment.status === 'change' ? assessment.changes.flatMap((change) => change.hazards ?? []) : []),
    ].map((hazard) => hazard.code),
  );
  for (const problem of undeclaredHazards(bench.remediator, assessment)) findings.check(false, problem);
  const expected = new Set(scenario.hazards ?? []);
  for (const code of expected) findings.check(seen.has(code), `hazard ${code} is expected and not seen (seen: ${[...seen].join(', ') || 'none'})`);
  for (const code of seen) findings.check(expected.has(code), `hazard ${code} is seen; list it in \`hazards\` of the scenario if it belongs there`);
  if (assessment.status === 'change') {
    findings.check(assessment.changes.length > 0, 'plan says change and holds no change');
    const shape = shapeOf(assessment.changes, scenario);
    if (shape !== null && plainChange(scenario)) bench.shapes.set(scenario, shape);
    const digests = (passes: readonly PassResult[]) => passes.map((pass) => pass.plan?.digest).join();
    findings.check(
      first.value.every((pass) => pass.plan !== null) && digests(first.value) === digests(second.value),
      'two dry runs in a row make different plans',
    );
    findings.problems.push(...undeclaredUndos(bench.remediator, assessment.changes));
    for (const change of assessment.changes) {
      findings.check(change.summary.trim() !== '', 'a change has no summary: people have to read what they approve');
      findings.check(
        !('calls' in change.undo) || change.undo.calls.length > 0,
        `${change.summary}: its undo has no calls; say \`irreversible\` with the reason instead`,
      );
      findings.check(!JSON.stringify(change.call.input).includes('"$response"'), `${change.summary}: only an undo may refer to a reply`);
      if (!('irreversible' in change.undo)) continue;
      findings.check(
        scenario.irreversible === true,
        `${change.summary}: it cannot be rolled back (${change.undo.irreversible}); say \`irreversible\` in the scenario if that is meant`,
      );
    }
  }
  const { observation } = look;
  if (observation !== 'gone')
    findings.check(
      (scenario.tag === undefined) === (observation.tags === 'untaggable') || scenario.tag === undefined,
      'the scenario can tag the resource, but observe says that it is untaggable',
    );
  return findings.problems;
}

/** Hazards of an assessment that the remediator does not declare, or declares with another effect: the reference would not name them. */
function undeclaredHazards(remediator: Remediator, assessment: Assessment): Problems {
  const named = [
    ...(assessment.status === 'change' || assessment.status === 'manual' ? (assessment.hazards ?? []) : []),
    ...(assessment.status === 'change' ? assessment.changes.flatMap((change) => change.hazards ?? []) : []),
  ];
  const problems = named.flatMap(({ code, effect }) => {
    const declared = (remediator.hazards ?? []).find((hazard) => hazard.code === code);
    if (declared === undefined) return [`hazard ${code} is in the plan, but not declared in \`hazards\` of the remediator`];
    return declared.effect === effect ? [] : [`hazard ${code} is declared with the effect ${declared.effect}, but the plan says ${effect}`];
  });
  return [...new Set(problems)];
}

/** Undos that restore less than the remediator declares. */
function undeclaredUndos({ rollback: declared }: Remediator, changes: readonly Change[]): Problems {
  if (declared === undefined) return [];
  const problems = changes.flatMap(({ summary, undo }) => {
    if ('irreversible' in undo)
      return declared.restores === 'nothing' ? [] : [`${summary}: it cannot be rolled back, but \`rollback\` declares ${declared.restores}`];
    return [
      ...(undo.restores === 'equivalent' && declared.restores === 'exact' ? [`${summary}: its undo is equivalent, but \`rollback\` declares exact`] : []),
      ...(undo.destroys !== undefined && declared.not.length === 0 ? [`${summary}: its undo destroys ${undo.destroys}, but \`rollback.not\` is empty`] : []),
    ];
  });
  return [...new Set(problems)];
}

async function pure(bench: Bench, scenario: Scenario): Promise<Problems> {
  const findings = new Findings();
  const stage = await bench.shown(scenario);
  const redress = stage.engine();
  const { looks } = await stage.act(() => redress.plan(bench.remediator.id, stage.resource));
  redress.close();
  for (const look of looks) findings.problems.push(...impurities(bench.remediator, look));
  return findings.problems;
}

/** Of these a sweep looks no further. */
const NOTHING_TO_DO: readonly string[] = ['compliant', 'not-applicable'];

/** A plan is confirmed and verified by looks that may leave reads out: what counts has to come out the same. */
async function purposes(bench: Bench, scenario: Scenario): Promise<Problems> {
  const findings = new Findings();
  const stage = scenario.tag === undefined ? await bench.shown(scenario) : await bench.stage(scenario);
  // Tags that nobody has, each look finds alike.
  if (scenario.tag !== undefined) await scenario.tag(bench.sdk, stage.resource, 'redress-kit', 'seen');
  const redress = stage.engine({ everyPurpose: true });
  const run = await stage.act(() => redress.plan(bench.remediator.id, stage.resource));
  redress.close();
  bench.use(usedOf(run));
  noWrites(findings, 'looking for every purpose', run);
  throughTheGate(findings, run);
  for (const { glance, observation, assessment, resource, parameters, observedAt } of run.looks) {
    if (glance === null || observation === 'gone' || assessment === null) continue;
    const at = { state: toJson(glance.state), context: glance.context, resource, parameters, observedAt };
    const [few, all] = [bench.remediator.plan(at).status, assessment.status];
    findings.check(
      !NOTHING_TO_DO.includes(few) || NOTHING_TO_DO.includes(all),
      `a glance shows that there is nothing to do for ${resource.id} (${few}); a look says ${all}`,
    );
  }
  for (const { observation: decided, others } of run.looks)
    for (const { purpose, knowing, observation } of others) {
      const look = `a ${purpose} that ${knowing ? 'was given' : 'was not given'} what the decision found`;
      if (decided === 'gone' || observation === 'gone') {
        findings.check(decided === observation, `${look} says ${observation === 'gone' ? 'that it is gone' : 'that it is there'}; the decision did not`);
        continue;
      }
      const differs = (member: 'state' | 'tags' | 'usedBy' | 'parts') =>
        digestOf(toJson(decided[member] ?? [])) !== digestOf(toJson(observation[member] ?? []));
      findings.check(!differs('state'), `${look} observes another state: it may not depend on the \`purpose\``);
      for (const member of purpose === 'confirmation' ? (['tags', 'usedBy', 'parts'] as const) : [])
        findings.check(!differs(member), `${look} observes other \`${member}\`: an exception that is set before a change would not hold`);
    }
  return findings.problems;
}

async function unreadable(bench: Bench, scenario: Scenario): Promise<Problems> {
  const findings = new Findings();
  const probe = await bench.shown(scenario);
  const redress = probe.engine();
  const { wire } = await probe.act(() => redress.plan(bench.remediator.id, probe.resource));
  redress.close();
  // A path that does not name its operation may hold the id, which is another one each time.
  const without = ({ operation }: Pick<WireCall, 'operation'>, { id }: ResourceRef) =>
    operation.replaceAll(id, '{id}').replaceAll(encodeURIComponent(id), '{id}');
  for (const operation of new Set(wire.filter((call) => !call.write).map((call) => without(call, probe.resource)))) {
    const stage = await bench.shown(scenario);
    const same = (call: Pick<WireCall, 'operation'>) => without(call, stage.resource) === operation;
    const run = await stage.during({ kind: 'denied', on: same, times: Number.POSITIVE_INFINITY }, () => enforce(stage));
    noWrites(findings, `${operation} denied`, run);
    if (scenario.expect !== 'change') continue;
    const blind = run.value.passes.find((pass) => pass.outcome === 'no-op');
    findings.check(blind === undefined, `${operation} denied: taken for good news (${blind?.message ?? ''}); what cannot be read has to throw`);
  }
  return findings.problems;
}

async function heldBack(bench: Bench, scenario: Scenario): Promise<Problems> {
  const findings = new Findings();
  const stage = await bench.shown(scenario);
  const [before, rest] = [await stage.look(), await stage.rest()];
  const run = await enforce(stage);
  const { passes } = run.value;
  bench.use(usedOf(run));
  throughTheGate(findings, run);
  untouched(findings, 'after the run', rest, await stage.rest());
  if (scenario.expect === 'change') {
    findings.check(passes.length > 0, `nobody was asked: ${run.value.why}`);
    for (const pass of executed(passes))
      findings.check(
        (pass.plan?.hazards.length ?? 0) === 0,
        `a change with hazard ${pass.plan?.hazards.map((hazard) => hazard.code).join(', ') ?? ''} was made`,
      );
    if (scenario.partly === true) {
      findings.check(executed(passes).length > 0, `nothing was changed, but a part could have been: ${outcomes(passes)}`);
      findings.check(effective(run.writes).length === changesOf(passes), `${run.writes.length} writing calls for ${countOf(changesOf(passes), 'change')}`);
    } else noWrites(findings, 'with a hazard', run);
    findings.check(
      passes.some((pass) => ['awaiting-approval', 'notified'].includes(pass.outcome)),
      `nobody is notified of the hazard: ${outcomes(passes)}`,
    );
    return findings.problems;
  }
  noWrites(findings, `expected ${scenario.expect}`, run);
  const wanted = scenario.expect === 'manual' ? ['notified', 'denied', 'exempt'] : ['no-op'];
  for (const pass of ownPasses(passes)) findings.check(wanted.includes(pass.outcome), `outcome ${outcomes([pass])}; expected ${wanted[0] ?? ''}`);
  const after = await stage.look();
  findings.check(before?.observation === 'gone' || sameState(before, after), 'the state is another one afterwards');
  return findings.problems;
}

async function ceiling(bench: Bench, scenario: Scenario): Promise<Problems> {
  const findings = new Findings();
  const stage = await bench.shown(scenario);
  noWrites(findings, `ceiling ${bench.remediator.ceiling}`, await enforce(stage, { ownCeiling: true }));
  return findings.problems;
}

/** What has no undo waits for a person. After a yes it is made once, and a rollback of it is refused. */
async function approved(bench: Bench, scenario: Scenario): Promise<Problems> {
  const findings = new Findings();
  const stage = await bench.stage(scenario);
  const rest = await stage.rest();
  const waiting = (await enforce(stage)).value.passes.find(({ approval }) => approval !== null)?.approval;
  if (!findings.check(waiting != null, 'nobody is asked for an approval') || waiting == null) return findings.problems;
  const redress = stage.engine();
  try {
    const run = await stage.act(() => redress.approve(waiting, { by: { name: APPROVER, verified: true }, reason: 'conformance' }));
    bench.use(usedOf(run));
    throughTheGate(findings, run);
    onlyDeclared(findings, bench.remediator, run.wire, 'fix');
    untouched(findings, 'after the fix', rest, await stage.rest());
    const made = executed(run.value);
    if (!findings.check(made.length > 0, `after a yes it ended as ${outcomes(run.value)}`)) return findings.problems;
    findings.check(
      run.writes.length === changesOf(run.value),
      `${run.writes.length} writing calls on the wire for ${countOf(changesOf(run.value), 'change')} in the plans`,
    );
    const after = await stage.look();
    findings.check(
      after?.assessment?.status !== 'change',
      'after the fix, plan still wants to change something: it is not idempotent, or it does not see what it did',
    );
    for (const { execution } of made) {
      const back = await stage.act(() => refusal(() => redress.rollback(execution as string, { by: 'kit', reason: 'conformance', acceptLoss: true })));
      noWrites(findings, 'a rollback of what has no undo', back);
      findings.check(back.value === 'rollback/refused', 'a rollback of what has no undo was not refused');
    }
  } finally {
    redress.close();
  }
  const again = await enforce(stage, {}, stage.nextEvent());
  noWrites(findings, 'run on a new report of the same', again);
  if (findings.problems.length === 0) bench.covered.add(scenario.name);
  return findings.problems;
}

/** How many runs complete what is fixed in steps. */
const STEPS = 3;

async function fix(bench: Bench, scenario: Scenario): Promise<Problems> {
  const findings = new Findings();
  const stage = await bench.stage(scenario);
  const rest = await stage.rest();
  const run = await fixed(stage, findings);
  if (run === null) return findings.problems;
  bench.use(usedOf(run));
  const { passes } = run.value;
  throughTheGate(findings, run);
  untouched(findings, 'after the fix', rest, await stage.rest());
  onlyDeclared(findings, bench.remediator, run.wire, 'fix');
  findings.check(
    effective(run.writes).length === changesOf(passes) && run.writes.length === changesOf(passes),
    `${run.writes.length} writing calls on the wire for ${countOf(changesOf(passes), 'change')} in the plans`,
  );
  for (const pass of ownPasses(passes)) {
    const right =
      pass.execution === null
        ? scenario.partly === true
        : pass.outcome === (pass.plan?.changes.some((change) => change.resolves) === true ? 'remediated' : 'flagged');
    findings.check(right, `outcome ${outcomes([pass])}`);
  }
  const after = await stage.look();
  findings.check(
    run.looks.at(-1)?.observation === 'gone' || sameState(run.looks.at(-1), after),
    'the state that the verification saw is not the one that is seen afterwards: it may not depend on the `purpose` of an observation',
  );
  if (scenario.steps === true) {
    findings.check(
      passes.some((pass) => pass.open.length > 0),
      'it is to be fixed in steps, but nothing stays open after the first: leave `steps` out, or say what is left in `open`',
    );
    const made = executed(passes).flatMap((pass) => pass.plan?.changes.map(({ call }) => digestOf(toJson(call))) ?? []);
    const next = after?.assessment?.status === 'change' ? after.assessment.changes : [];
    findings.check(!next.some(({ call }) => made.includes(digestOf(toJson(call)))), 'after a step, plan wants to make the same one again');
  } else if (scenario.partly !== true) {
    const status = after?.assessment?.status ?? (after?.observation === 'gone' ? 'gone' : 'unreadable');
    findings.check(
      status !== 'change' && status !== 'unreadable' && status !== 'gone',
      status === 'change'
        ? 'after the fix, plan still wants to change something: it is not idempotent, or it does not see what it did'
        : `after the fix, the resource is ${status}`,
    );
    const resolves = passes.some((pass) => pass.outcome === 'remediated');
    findings.check(
      !resolves || status !== 'manual' || passes.some((pass) => pass.open.length > 0),
      'it counts as remediated, but plan says that a person has to act; what stays open belongs in `open`, or `resolves` is false',
    );
  }
  const records = await stage.records();
  const kinds = (kind: string) => records.filter((each) => each.record.kind === kind).length;
  findings.check(
    kinds('intent') === executed(passes).length && kinds('outcome') === kinds('intent') && kinds('call') === run.writes.length,
    `the journal holds ${kinds('intent')} intents, ${kinds('call')} calls and ${kinds('outcome')} outcomes`,
  );
  findings.check((await stage.journal.open()).length === 0, 'an execution is still open');

  for (let step = 1; scenario.steps === true && step < STEPS; step += 1) throughTheGate(findings, await enforce(stage, {}, stage.nextEvent()));
  const last = scenario.steps === true ? await stage.look() : after;
  const second = await enforce(stage);
  noWrites(findings, 'second run on the same event', second);
  const third = await enforce(stage, {}, stage.nextEvent());
  noWrites(findings, 'run on a new report of the same', third);
  findings.check(sameState(last, await stage.look()), 'the second run changed the state');
  if (findings.problems.length === 0) bench.covered.add(scenario.name);
  return findings.problems;
}

async function rollback(bench: Bench, scenario: Scenario): Promise<Problems> {
  const findings = new Findings();
  const stage = await bench.stage(scenario);
  const [before, rest] = [await stage.look(), await stage.rest()];
  const run = await fixed(stage, findings);
  if (run === null) return findings.problems;
  const redress = stage.engine();
  const by = { by: 'kit', reason: 'conformance' };
  try {
    // Last execution first, as a person would.
    for (const pass of executed(run.value.passes).reverse()) {
      const plan = pass.plan as Plan;
      const execution = pass.execution as string;
      if (plan.changes.some((change) => 'destroys' in change.undo && change.undo.destroys !== undefined)) {
        const careless = await stage.act(() => refusal(() => redress.rollback(execution, by)));
        noWrites(findings, 'a rollback that destroys, without acceptance', careless);
        findings.check(careless.value === 'rollback/refused', 'a rollback that destroys something was not refused without acceptance');
      }
      const undone = await stage.act(() => redress.rollback(execution, { ...by, acceptLoss: true }));
      bench.use(usedOf(undone));
      onlyDeclared(findings, bench.remediator, undone.wire, 'rollback');
      findings.check(undone.value.outcome === 'rolled-back', `the rollback ended as ${outcomes([undone.value])}`);
      if (plan.changes.every((change) => 'calls' in change.undo && change.undo.restores === 'exact')) {
        const after = stateOf(undone.looks.at(-1));
        findings.check(
          after !== undefined && digestOf(after) === digestOf(plan.before),
          'the undo says that it restores exactly, but the state is not the one before the fix',
        );
      }
    }
    const [was, is] = [stateOf(before), stateOf(await stage.look())];
    findings.check(
      was !== undefined && is !== undefined && bench.remediator.equivalent(was, is),
      'after the rollback, the state is not equivalent to the one before the fix',
    );
  } catch (error) {
    findings.check(false, `the rollback failed: ${messageOf(error)}`);
  } finally {
    redress.close();
  }
  untouched(findings, 'after the rollback', rest, await stage.rest());
  const later = await enforce(stage, {}, stage.nextEvent());
  noWrites(findings, 'next event after a rollback', later);
  findings.check(
    later.value.passes.every((pass) => pass.outcome === 'notified'),
    `the next event after a rollback ended as ${outcomes(later.value.passes)}; expected notified`,
  );
  return findings.problems;
}

async function refusal(run: () => Promise<unknown>): Promise<string> {
  try {
    await run();
    return 'done';
  } catch (error) {
    return isRedressError(error) ? error.code : messageOf(error);
  }
}

async function exceptions(bench: Bench, scenario: Scenario): Promise<Problems> {
  const findings = new Findings();
  const stage = await bench.shown(scenario);
  // The register names a resource as the engine does, once it is identified.
  const canonical = (await stage.look())?.resource ?? stage.resource;
  const register = [
    {
      id: 'EXC-1',
      scope: { account: canonical.account, resource: canonical.id, remediators: [bench.remediator.id] },
      reason: 'conformance',
      owner: 'kit',
      approver: 'someone-else',
      expires: new Date(stage.clock.now() + 86_400_000).toISOString(),
    },
  ];
  const exempt = await enforce(stage, { register });
  noWrites(findings, 'with an exception in the register', exempt);
  findings.check(
    exempt.value.passes.length > 0 && exempt.value.passes.every((pass) => pass.outcome === 'exempt'),
    `with an exception in the register: ${outcomes(exempt.value.passes)}; expected exempt`,
  );
  if (scenario.tag === undefined) return findings.problems;
  const tagged = await bench.stage(scenario);
  await scenario.tag(bench.sdk, tagged.resource, bench.exceptionTag, 'EXC-404');
  const told = await enforce(tagged);
  noWrites(findings, 'with the exception tag', told);
  findings.check(
    told.value.passes.length > 0 && told.value.passes.every((pass) => pass.outcome === 'notified'),
    `with the exception tag and no entry: ${outcomes(told.value.passes)}; expected notified. observe has to give the tags of the resource`,
  );
  return findings.problems;
}

/** The same text about another account. */
function elsewhere<T>(value: T, account: string, other: string): T {
  return JSON.parse(JSON.stringify(value).replaceAll(account, other)) as T;
}

async function foreign(bench: Bench, scenario: Scenario): Promise<Problems> {
  const findings = new Findings();
  const stage = await bench.shown(scenario);
  const { account } = bench.sdk;
  const other = account === '210987654321' ? '210987654322' : '210987654321';
  const ref: ResourceRef = elsewhere(stage.resource, account, other);
  const redress = stage.engine();
  const asks: [string, () => Promise<readonly PassResult[]>][] = [
    ['dry run', () => redress.plan(bench.remediator.id, ref)],
    ['run', () => redress.run(ref)],
  ];
  const event = stage.event();
  if (event !== null) asks.push(['event', async () => (await ask(stage, redress, elsewhere(event, account, other))).passes]);
  for (const [what, run] of asks) {
    const act = await stage.act(run);
    findings.check(act.wire.length === 0, `${what} on a resource of another account: ${act.wire.length} calls on the wire (${named(act.wire)}); expected none`);
    findings.check(
      act.value.length > 0 && act.value.every((pass) => pass.outcome === 'denied'),
      `${what} on a resource of another account: ${outcomes(act.value)}; expected denied`,
    );
  }
  redress.close();
  return findings.problems;
}

const isEvent = (event: unknown): event is Record<string, unknown> & { detail: Record<string, unknown> } =>
  typeof event === 'object' && event !== null && 'detail' in event;

async function restraint(bench: Bench, scenario: Scenario): Promise<Problems> {
  const findings = new Findings();
  const stage = await bench.shown(scenario);
  const before = await stage.look();
  const expect = async (when: string, expected: readonly string[], setup: EngineSetup, event?: unknown) => {
    const run = await enforce(stage, setup, event);
    noWrites(findings, when, run);
    findings.check(
      run.value.passes.every((pass) => expected.includes(pass.outcome)),
      `${when}: ${outcomes(run.value.passes)}; expected ${expected.join(' or ')}`,
    );
  };
  await expect('mode notify', ['notified'], { mode: 'notify' });
  await expect('mode plan', ['planned', 'notified'], { mode: 'plan' });
  await expect('mode approve', ['awaiting-approval', 'notified'], { mode: 'approve' });
  await expect('mode off', ['denied'], { mode: 'off' });
  await expect('kill switch', ['denied'], { stop: 'changes' });
  await expect('kill switch for everything', ['denied'], { stop: 'everything' });
  const event = stage.event();
  if (isEvent(event)) {
    await expect('a replayed event', ['denied'], {}, { ...event, 'replay-name': 'kit' });
    await expect('an event that a customer sent', ['denied'], {}, { ...event, source: 'com.example.forged' });
    await expect('an event from another account', ['denied'], {}, { ...event, account: '210987654321' });
    if (event['detail-type'] === 'AWS API Call via CloudTrail') {
      await expect('a call that failed', ['denied'], {}, { ...event, detail: { ...event.detail, errorCode: 'AccessDenied', responseElements: null } });
    }
  }
  const { freshWithin } = bench.remediator;
  if (freshWithin !== null) {
    stage.clock.advance(freshWithin + 3_600_000);
    await expect('a stale event', ['awaiting-approval', 'notified'], {});
  }
  findings.check(sameState(before, await stage.look()), 'the state is another one afterwards');
  return findings.problems;
}

/** Whether a resource shows how far a change has come. What has become a person's turn does not, unless it is flagged: it may have for another reason. */
const tellsWhatWasDone = (seen: Look | undefined) => seen?.assessment?.status !== 'manual' || seen.assessment.flagged === true;

async function faults(bench: Bench, scenario: Scenario): Promise<Problems> {
  const findings = new Findings();
  const broken = async (kind: FaultKind, compares: boolean) => {
    // After a write that did not get through the resource is as it was.
    const stage = await bench.shown(scenario);
    const before = compares ? await stage.look() : undefined;
    const code = kind === 'gone' ? bench.options.goneCode : undefined;
    const run = await stage.during({ kind, on: (call) => call.write, ...(code === undefined ? {} : { code }) }, () => enforce(stage));
    const records = await stage.records();
    const calls = (status: string) =>
      records.filter((each) => each.record.kind === 'call' && JSON.stringify(each.record.body).includes(`"status":"${status}"`));
    const claimed = calls('applied').length;
    // Only the lost reply would show that it was made: then the journal records the outcome as unknown.
    const unclear = kind === 'lost-reply' && calls('unknown').length > 0 && (scenario.steps === true || !tellsWhatWasDone(await stage.look()));
    const opened = records.filter((each) => each.record.kind === 'intent').length;
    findings.check(
      opened > 0 && records.filter((each) => each.record.kind === 'outcome').length === opened,
      `${kind}: the journal has ${opened} intents and not as many outcomes`,
    );
    findings.check(
      claimed + (unclear ? calls('unknown').length : 0) === effective(run.writes).length,
      `${kind}: the journal says that ${claimed} calls were made, the wire says ${effective(run.writes).length}`,
    );
    return { stage, before, run, unclear, first: run.value.passes[0] };
  };

  for (const [kind, outcome, retryable] of [
    ['denied', 'failed', false],
    ['throttled', 'failed', true],
    ['gone', 'superseded', null],
  ] as const) {
    const { first, run, stage, before } = await broken(kind, retryable !== null);
    findings.check(
      first?.outcome === outcome,
      `first write ${kind}: ${outcomes(run.value.passes)}; expected ${outcome} first${kind === 'gone' ? ' (`goneCode` gives the error code of the service)' : ''}`,
    );
    if (retryable !== null) {
      findings.check(first?.retryable === retryable, `first write ${kind}: ${retryable ? 'not ' : ''}said to be worth a retry`);
      findings.check(effective(run.writes).length > 0 || sameState(before, await stage.look()), `first write ${kind}: the state is another one afterwards`);
    }
  }
  for (const kind of ['lost-reply', 'server-error'] as const) {
    const { run, stage, unclear } = await broken(kind, false);
    const { passes } = run.value;
    findings.check(
      (unclear || executed(passes).length > 0) &&
        passes.every((pass) => pass.execution === null || CHANGED.includes(pass.outcome) || (unclear && pass.outcome === 'partial')),
      `first write with ${kind}: ${outcomes(passes)}; expected that it is found out and finished`,
    );
    findings.check(
      unclear || effective(run.writes).length === changesOf(passes),
      `first write with ${kind}: ${effective(run.writes).length} writing calls had an effect for ${countOf(changesOf(passes), 'change')}; once each`,
    );
    const after = await stage.look();
    const goesOn = scenario.partly === true || scenario.steps === true;
    findings.check(goesOn || after?.assessment?.status !== 'change', `first write with ${kind}: there is still something to change`);
    if (kind === 'lost-reply') await takenBack(findings, stage, executed(passes), 'after a lost reply');
  }
  return findings.problems;
}

/** What was made without a reply is rolled back as well, or it is reported that it cannot be. */
async function takenBack(findings: Findings, stage: Stage, passes: readonly PassResult[], when: string): Promise<void> {
  const redress = stage.engine();
  for (const { execution } of [...passes].reverse()) {
    const ended = (run: Promise<PassResult>) =>
      run.then(
        (result): string => result.outcome,
        (error: unknown) => (isRedressError(error) ? error.code : messageOf(error)),
      );
    const undone = await stage.act(() => ended(redress.rollback(execution as string, { by: 'kit', reason: 'conformance', acceptLoss: true })));
    findings.check(
      undone.value === 'rolled-back' || (undone.value === 'rollback/refused' && undone.writes.length === 0),
      `a rollback ${when} ended as ${undone.value}`,
    );
  }
  redress.close();
}

async function crashes(bench: Bench, scenario: Scenario): Promise<Problems> {
  const findings = new Findings();
  for (const point of ['after-intent', 'before-call-record', 'before-outcome'] as const satisfies readonly CrashPoint[]) {
    const stage = await bench.stage(scenario);
    const before = point === 'after-intent' ? await stage.look() : undefined;
    const journal = crashingJournal(stage.journal, point);
    const dying = await enforce(stage, { journal }).catch(() => null);
    if (!findings.check(journal.died, `${point}: the run never came to that point`)) continue;
    const sent = dying === null ? null : effective(dying.writes).length;
    findings.check((await stage.journal.open()).length === 1, `${point}: the execution is not open`);
    // Longer than any lease, shorter than any freshness.
    stage.clock.advance(240_000);
    const redress = stage.engine();
    const recovered = await stage.act(() => redress.recover());
    noWrites(findings, `${point}: recovery`, recovered);
    const [result] = recovered.value;
    if (point === 'after-intent') {
      findings.check(sent === 0 || sent === null, 'after-intent: something was sent before the intent was known to be stored');
      const { runbook } = bench.remediator;
      const expected = runbook === undefined ? 'failed' : 'awaiting-runbook';
      findings.check(result?.outcome === expected, `${point}: recovery says ${outcomes(recovered.value)}; expected ${expected}, since nothing was sent`);
      findings.check(sameState(before, await stage.look()), `${point}: the state is another one afterwards`);
      if (runbook !== undefined) {
        // Nothing shows whether it was started, so it gets its time first.
        noWrites(findings, `${point}: while the runbook may be at work`, await stage.act(() => ask(stage, redress)));
        stage.clock.advance(runbook.waits);
        noWrites(findings, `${point}: when its time is over`, await stage.act(() => ask(stage, redress)));
      }
      const again = await stage.act(() => ask(stage, redress));
      findings.check(executed(again.value.passes).length > 0, `${point}: the next run did not do it: ${outcomes(again.value.passes)}`);
    } else {
      const partial = (result?.plan?.changes.length ?? 1) > 1 && point === 'before-call-record';
      const unclear = point === 'before-call-record' && !tellsWhatWasDone(await stage.look());
      findings.check(
        result !== undefined && (CHANGED.includes(result.outcome) || (partial && result.outcome === 'partial') || (unclear && result.outcome === 'unknown')),
        `${point}: recovery says ${outcomes(recovered.value)}; expected that it is found done`,
      );
      const closing = (await stage.records()).findLast((each) => each.record.kind === 'outcome');
      findings.check(closing?.record.body['observedBy'] === 'recovery', `${point}: the outcome does not say that recovery found it`);
      const again = await stage.act(() => ask(stage, redress));
      const left = partial ? changesOf(again.value.passes) : changesOf(again.value.passes.filter((pass) => pass.plan?.digest !== result?.plan?.digest));
      findings.check(again.writes.length === left, `${point}: the next run sends ${again.writes.length} more writing calls`);
      if (result !== undefined && CHANGED.includes(result.outcome) && left === 0) await takenBack(findings, stage, [result], `after a crash (${point})`);
    }
    findings.check((await stage.journal.open()).length === 0, `${point}: an execution is still open`);
    redress.close();
  }
  return findings.problems;
}

async function tenTimes(bench: Bench, scenario: Scenario): Promise<Problems> {
  const findings = new Findings();
  for (const how of ['in a row', 'at once'] as const) {
    const stage = await bench.stage(scenario);
    const event = stage.event();
    // Ten workers: they share nothing but the journal.
    const engines = Array.from({ length: 10 }, () => stage.engine());
    const run = await stage.act(async () => {
      const answers: { passes: readonly PassResult[] }[] = [];
      if (how === 'at once') return Promise.all(engines.map((redress) => ask(stage, redress, event)));
      for (const redress of engines) answers.push(await ask(stage, redress, event));
      return answers;
    });
    for (const redress of engines) redress.close();
    const passes = run.value.flatMap((answer) => answer.passes);
    const done = executed(passes);
    const records = await stage.records();
    const intents = records.filter((each) => each.record.kind === 'intent').length;
    findings.check(
      done.length > 0 && new Set(done.map((pass) => pass.plan?.digest)).size === done.length,
      `ten times ${how}: the same change was made ${done.length} times`,
    );
    findings.check(
      effective(run.writes).length === changesOf(done),
      `ten times ${how}: ${effective(run.writes).length} writing calls had an effect for ${countOf(changesOf(done), 'change')}`,
    );
    findings.check(intents === done.length, `ten times ${how}: ${intents} executions were begun for ${done.length} that changed something`);
    if (done.length === 1 && scenario.partly !== true && scenario.steps !== true) {
      const execution = done[0]?.execution;
      const naming = passes.filter((pass) => pass.duplicate && pass.execution === execution && pass.record !== null).length;
      const busy = passes.filter((pass) => pass.outcome === 'busy').length;
      findings.check(
        naming + busy === 9 && (how === 'at once' || busy === 0),
        `ten times ${how}: ${naming} records name the execution, expected nine; outcomes: ${outcomes(passes)}`,
      );
    }
  }
  return findings.problems;
}

async function brokenAgain(bench: Bench, scenario: Scenario): Promise<Problems> {
  const findings = new Findings();
  const stage = await bench.stage(scenario);
  const run = await fixed(stage, findings);
  if (run === null || scenario.breakAgain === undefined) return findings.problems;
  stage.clock.advance(60_000);
  const event = stage.nextEvent(await scenario.breakAgain(bench.sdk, stage.resource));
  // A report from before the fix would rightly be taken for a duplicate.
  const again = await enforce(stage, {}, later(event, stage.clock.now()));
  findings.check(executed(again.value.passes).length > 0, `a gap that came back was not fixed again: ${outcomes(again.value.passes)}`);
  findings.check(
    again.value.passes.every((pass) => run.value.passes.every((first) => first.execution === null || first.execution !== pass.execution)),
    'a gap that came back was taken for the execution that closed it before',
  );
  return findings.problems;
}

/** An event with its times moved to a moment: the kit's clock may be ahead of the machine's. */
function later(event: unknown, now: number): unknown {
  if (!isEvent(event)) return event;
  const iso = new Date(now).toISOString();
  const move = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(move);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [key, ['time', 'eventTime', 'resultRecordedTime', 'UpdatedAt'].includes(key) ? iso : move(member)]),
    );
  };
  const { oldEvaluationResult, ...detail } = event.detail;
  return {
    ...(move({ ...event, detail }) as object),
    ...(oldEvaluationResult === undefined ? {} : { detail: { ...(move(detail) as object), oldEvaluationResult } }),
  };
}

/** What the batched observe says has to be what a look says: a gap that it hides nobody would ever look at. */
async function glances(bench: Bench, scenario: Scenario): Promise<Problems> {
  const findings = new Findings();
  const stage = await bench.shown(scenario);
  const look = await stage.look();
  const resource = look?.resource ?? stage.resource;
  const redress = stage.engine({ glances: true });
  const listed = await stage.act(async () => {
    const refs: ResourceRef[] = [];
    for await (const ref of redress.discover(bench.remediator.id, { account: bench.sdk.account, region: bench.sdk.region }) ?? []) refs.push(ref);
    return refs;
  });
  redress.close();
  bench.use(usedOf(listed));
  noWrites(findings, 'the batched observe', listed);
  const at = (id: string, region: string | undefined) => id === resource.id && (region ?? resource.region) === resource.region;
  const glance = stage.glances.find((each) => each.type === resource.type && at(each.id, each.region));
  if (glance === undefined) {
    const gap = scenario.expect === 'change' || scenario.expect === 'manual';
    findings.check(!gap, `observeMany does not list ${resource.id} in ${resource.region}, which ${scenario.name} arranged`);
    return findings.problems;
  }
  const { seen } = glance;
  if (seen === null || look === undefined || look.observation === 'gone') return findings.problems;
  const [batched, single] = [canonicalJson(toJson(seen.state)), canonicalJson(look.observation.state)];
  findings.check(batched === single, `observeMany says of ${resource.id} that it is ${short(batched)}; observe says ${short(single)}`);
  const { parameters } = look;
  const { status } = bench.remediator.plan({ state: toJson(seen.state), context: seen.context, resource, parameters, observedAt: look.observedAt });
  const idle = status === 'compliant' || status === 'not-applicable';
  findings.check(
    !idle || status === look.assessment?.status,
    `observeMany shows that there is nothing to do for ${resource.id} (${status}); a look says ${look.assessment?.status ?? 'nothing'}`,
  );
  return findings.problems;
}

/** Every promise that is tried per scenario. First those that change nothing: what is arranged for one serves the next. */
export const scenarioChecks: readonly Check[] = [
  { name: 'a dry run sees what is expected and writes nothing', applies: () => true, run: dryRun },
  { name: 'plan is pure, and its plan is data', applies: () => true, run: pure },
  { name: 'a list shows of it what a look shows', applies: (_, remediator) => remediator.observeMany !== undefined, run: glances },
  { name: 'what cannot be read is never taken for good', applies: () => true, run: unreadable },
  { name: 'a resource of another account is not even looked at', applies: () => true, run: foreign },
  { name: 'is left to people: nothing is written', applies: holdsBack, run: heldBack },
  { name: 'its ceiling holds', applies: (scenario, remediator) => scenario.expect === 'change' && remediator.ceiling !== 'enforce', run: ceiling },
  { name: 'modes, kill switch, replays and old news hold back', applies: plainChange, run: restraint },
  { name: 'an exception, by register or tag, holds', applies: plainChange, run: exceptions },
  { name: 'whatever a look is for, it sees the same', applies: () => true, run: purposes },
  { name: 'what has no undo is made after a yes alone', applies: (scenario) => scenario.irreversible === true, run: approved },
  { name: 'is fixed once, and is compliant then', applies: plainChange, run: fix },
  { name: 'is rolled back to an equal state, and held', applies: plainChange, run: rollback },
  { name: 'a write that fails is classified, and one whose reply is lost is made once', applies: plainChange, run: oncePerPlan(faults) },
  { name: 'a worker that dies is found out by the next', applies: plainChange, run: oncePerPlan(crashes) },
  { name: 'ten equal events are one change', applies: plainChange, run: oncePerPlan(tenTimes) },
  { name: 'a gap that comes back is fixed again', applies: (scenario) => plainChange(scenario) && scenario.breakAgain !== undefined, run: brokenAgain },
];

/** What is wrong with a remediator and its scenarios, as far as it shows without an account. */
export function declarationProblems(remediator: Remediator, scenarios: readonly Scenario[]): Problems {
  const findings = new Findings();
  const { reads, writes, undoes, undoesByPerson = [] } = remediator.uses;
  findings.check(remediator.title.trim() !== '', 'it has no title');
  findings.check(
    remediator.blindSpots.length > 0 && remediator.blindSpots.every((each) => each.trim() !== ''),
    'blindSpots is empty: every read leaves something unseen; name it',
  );
  findings.check(reads.length > 0, 'it declares no reads');
  for (const { code, what, advice } of remediator.hazards ?? []) {
    findings.check(what.trim() !== '' && advice.trim() !== '', `hazard ${code}: say what could break, and what a person does then`);
    findings.check(
      scenarios.some((scenario) => scenario.hazards?.includes(code) === true),
      `hazard ${code} is declared, and no scenario shows it`,
    );
  }
  findings.check(remediator.rollback === undefined || remediator.rollback.what.trim() !== '', 'rollback does not say what is put back');
  for (const use of [...reads, ...writes, ...undoes, ...undoesByPerson]) {
    findings.check(use.operations.length > 0, `a use of ${use.service.id} names no operation`);
    for (const operation of use.operations)
      findings.check(
        (use.service.operations.get(operation)?.iam.length ?? 0) > 0,
        `${use.service.id}:${operation} needs no IAM action: the generated policy would not allow it`,
      );
  }
  findings.check(remediator.ceiling !== 'notify' || writes.length === 0, 'its ceiling is notify, but it declares writes');
  findings.check(
    remediator.configRules.length + remediator.controls.length + Object.keys(remediator.apiCalls).length > 0 || remediator.discover !== null,
    'no trigger and no discover: nothing will ever ask it',
  );
  for (const [what, input] of [
    ['an unknown parameter', { 'redress-conformance-unknown': true }],
    ['a parameter of a wrong type', 42],
  ] as const) {
    let accepted = true;
    try {
      remediator.parameters(input);
    } catch {
      accepted = false;
    }
    findings.check(
      !accepted || (input === 42 && Object.keys(parametersJsonSchema(remediator)?.['properties'] ?? {}).length === 0),
      `${what} is accepted: close the schema, so that a mistyped name is not silently nothing`,
    );
  }
  try {
    digestOf(remediator.parameters({}));
  } catch (error) {
    findings.check(false, `parameters do not have a default each: ${messageOf(error)}`);
  }
  for (const [name, reader] of Object.entries(remediator.apiCalls)) {
    for (const [request, response] of [
      [null, null],
      [{}, {}],
      [{ a: [{ b: 'c' }] }, null],
    ] as const) {
      try {
        const [service = '', operation = ''] = name.split(':');
        reader({ service, operation, request, response, errorCode: null, readOnly: false, account: '123456789012', region: 'us-east-1' });
      } catch (error) {
        findings.check(false, `the reader of ${name} throws on a record without what it expects: ${messageOf(error)}`);
      }
    }
  }
  const names = scenarios.map((scenario) => scenario.name);
  findings.check(new Set(names).size === names.length, 'two scenarios have one name');
  findings.check(
    scenarios.some((scenario) => scenario.expect === 'compliant'),
    'no scenario is compliant: that it leaves alone what is right has to be shown',
  );
  if (writes.length > 0)
    findings.check(
      scenarios.some((scenario) => plainChange(scenario) || scenario.irreversible === true),
      'it declares writes, but no scenario without hazard expects a change',
    );
  else findings.check(!scenarios.some((scenario) => scenario.expect === 'change'), 'it declares no writes, but a scenario expects a change');
  if (remediator.freshWithin !== null) {
    for (const scenario of scenarios.filter(plainChange))
      findings.check(
        scenario.event !== undefined || remediator.configRules.length > 0,
        `${scenario.name}: it acts on fresh events only, so the scenario has to give one`,
      );
  }
  return findings.problems;
}

/** What is declared but was not used by any scenario. Call it after all of them. */
export function unusedDeclarations(bench: Bench): Problems {
  const problems: string[] = [];
  for (const [kind, uses] of Object.entries(bench.remediator.uses)) {
    for (const use of uses) {
      for (const operation of use.operations) {
        if (!bench.used(`${use.service.id}:${operation}`))
          problems.push(`${use.service.id}:${operation} is declared among the ${kind}, and no scenario uses it: a permission too many, or a scenario too few`);
      }
    }
  }
  return problems;
}

/** Discovery finds what was arranged, and only reads. */
export async function discoveryProblems(bench: Bench, scenario: Scenario): Promise<Problems> {
  const findings = new Findings();
  const stage = await bench.shown(scenario);
  const redress = stage.engine();
  const canonical = (await stage.look())?.resource ?? stage.resource;
  const found = await stage.act(async () => {
    const refs: ResourceRef[] = [];
    for await (const ref of redress.discover(bench.remediator.id, { account: bench.sdk.account, region: bench.sdk.region }) ?? []) refs.push(ref);
    return refs;
  });
  redress.close();
  bench.use(usedOf(found));
  noWrites(findings, 'discovery', found);
  findings.check(
    found.value.some((ref) => ref.type === canonical.type && ref.id === canonical.id && ref.region === canonical.region),
    `discover does not find what ${scenario.name} arranged (${canonical.id} in ${canonical.region})`,
  );
  return findings.problems;
}
