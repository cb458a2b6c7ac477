// What a remediator sends, call by call, while the engine does all with it that the engine does.
import { isRedressError, type Plan, type Remediator } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import type { Scenario } from '@redress/testing';
import { APPROVER, Bench, type Look, type Stage } from '../../../packages/testing/src/bench.js';
import type { Kit } from './kits.js';

/** One call with what came of it. */
export interface Call {
  /** As AWS names it, and its models: `Elastic Load Balancing v2`. */
  readonly serviceId: string;
  /** The service as the remediator knows it. */
  readonly service: string;
  readonly operation: string;
  readonly input: object;
  readonly came: { readonly reply: object } | { readonly error: unknown };
}

/** A scenario that was gone through. */
export interface Walked {
  readonly kit: Kit;
  readonly scenario: Scenario;
  /** The first look of the dry run, and the reads that were made for it; null: there was nothing to look at. */
  readonly look: (Look & { readonly calls: readonly Call[] }) | null;
  /** All calls: of the dry run, the change, its rollback, and a sweep. */
  readonly calls: readonly Call[];
  /** Of the sweep of the whole account, and where that was; null: there was none. */
  readonly sweep: { readonly calls: readonly Call[]; readonly account: string; readonly region: string } | null;
}

type ServiceOf = Remediator['uses']['reads'][number]['service'];

/** A remediator whose calls are shown to `seen`. The SDK sends them all the same. */
export function tapped(remediator: Remediator, seen: (call: Call) => void): Remediator {
  const services = new Map<ServiceOf, ServiceOf>();
  const tap = (service: ServiceOf): ServiceOf => {
    const known = services.get(service);
    if (known !== undefined) return known;
    const made: ServiceOf = {
      ...service,
      async sdk() {
        const sdk = await service.sdk();
        return {
          command: (operation) => sdk.command(operation),
          client(config, attempts) {
            const client = sdk.client(config, attempts);
            const { serviceId } = (client as unknown as { config: { serviceId: string } }).config;
            return {
              async send(command: { readonly input: object }) {
                const { input } = command;
                const about = { serviceId, service: service.id, operation: command.constructor.name.replace(/Command$/, ''), input: structuredClone(input) };
                try {
                  const reply = (await client.send(command)) as object;
                  const { $metadata: _, ...body } = reply as { $metadata?: unknown };
                  seen({ ...about, came: { reply: structuredClone(body) } });
                  return reply;
                } catch (error) {
                  seen({ ...about, came: { error } });
                  throw error;
                }
              },
              destroy: () => client.destroy?.(),
            };
          },
        };
      },
    };
    services.set(service, made);
    return made;
  };
  const all = (uses: Remediator['uses']['reads']) => uses.map((use) => ({ ...use, service: tap(use.service) }));
  const { reads, writes, undoes, undoesByPerson, finds, decides } = remediator.uses;
  return {
    ...remediator,
    uses: {
      reads: all(reads),
      writes: all(writes),
      undoes: all(undoes),
      ...(undoesByPerson === undefined ? {} : { undoesByPerson: all(undoesByPerson) }),
      ...(finds === undefined ? {} : { finds: all(finds) }),
      ...(decides === undefined ? {} : { decides: all(decides) }),
    },
  };
}

/** Goes through all scenarios of a remediator: plan, change with a person's yes, rollback; and one sweep. */
export async function walk(kit: Kit): Promise<readonly Walked[]> {
  const { options } = kit;
  let calls: Call[] = [];
  const bench = await Bench.open(
    tapped(kit.remediator, (call) => void calls.push(call)),
    options,
  );
  const walked: Walked[] = [];
  // One of the last, so that the lists of the sweep have resources of other scenarios, too.
  const toSweep = options.scenarios.findLast(({ expect }) => expect === 'change' || expect === 'manual');
  try {
    for (const scenario of options.scenarios) {
      calls = [];
      const stage = await bench.stage(scenario);
      const look = await stage.look();
      const forLook = [...calls];
      let sweep: Walked['sweep'] = null;
      if (scenario === toSweep) {
        const before = calls.length;
        await swept(stage);
        const { account, region } = bench.sdk;
        sweep = { calls: calls.slice(before), account, region };
      }
      await changeAndBack(stage);
      walked.push({ kit, scenario, look: look === undefined ? null : { ...look, calls: forLook }, calls, sweep });
    }
  } finally {
    await bench.close();
  }
  return walked;
}

async function changeAndBack(stage: Stage): Promise<void> {
  const redress = stage.engine();
  try {
    const event = stage.event();
    const first = event === null ? await redress.run(stage.resource) : (await redress.handle(event)).results.flatMap(({ passes }) => passes);
    const all = [...first];
    for (const { approval } of first)
      if (approval != null) all.push(...(await redress.approve(approval, { by: { name: APPROVER, verified: true }, reason: 'a judge' })));
    for (const { execution, plan } of all.reverse()) {
      if (execution === null || !undoable(plan)) continue;
      try {
        await redress.rollback(execution, { by: 'judge', reason: 'a judge', acceptLoss: true });
      } catch (error) {
        // Two changes of one resource, of which the other came last. What can be undone was sent all the same.
        if (!(isRedressError(error) && error.code === 'rollback/refused')) throw error;
      }
    }
  } finally {
    redress.close();
  }
}
const undoable = (plan: Plan | null) => plan?.changes.every(({ undo }) => 'calls' in undo) === true;

async function swept(stage: Stage): Promise<void> {
  const { account, region } = stage.bench.sdk;
  const redress = stage.engine({ mode: 'plan', journal: memoryJournal({ clock: stage.clock }) });
  try {
    await redress.sweep({ targets: [{ account, region }], perSecond: 10_000 });
  } finally {
    redress.close();
  }
}
