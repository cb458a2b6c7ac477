import type { Fact } from '../guardrails/guardrail.js';
import type { Json } from '../model/json.js';
import type { Assessment, Change } from '../model/plan.js';
import type { ResourceRef } from '../model/resource.js';
import type { Policy } from '../policy/policy.js';
import type { Remediator } from '../remediator/define.js';
import { LOOKING, SharedReads } from './gate.js';
import { VERIFY_WAITS } from './limits.js';
import { remaining } from './planning.js';
import { stillOpen } from './recorder.js';
import { type Observed, type Runtime, tells, unread } from './runtime.js';

/** What an independent read says of changes that were made. */
export interface Verification {
  readonly status: 'verified' | 'not-verified' | 'unconfirmed';
  readonly message: string;
  readonly after: Json | null;
  /** What the resource still has open besides. */
  readonly open: readonly string[];
  /** What still shows of the whole plan; null if that cannot be determined. */
  readonly left: readonly Change[] | null;
  /** Whether the remediator finds nothing more to change. */
  readonly done: boolean;
  /** What was read, for those who look next. */
  readonly reads: SharedReads;
}

/** Reads again, with the read role, until nothing of the change is left to do, or the time is up. */
export async function verify(
  runtime: Runtime,
  args: {
    readonly remediator: Remediator;
    readonly ref: ResourceRef;
    readonly changed: readonly Change[];
    /** Of the plan, what was not made. Others may have. */
    readonly unmade?: readonly Change[];
    /** A call was refused, because it had been done already. */
    readonly overtaken?: boolean;
    readonly policy: Fact<Policy>;
    readonly deadline: number | null;
    /** What the plan was made from. */
    readonly earlier?: Observed | null;
    /** Who looks next: what they ask goes out together with the first look, and is kept in its `reads`. */
    readonly following?: readonly Remediator[];
  },
): Promise<Verification> {
  const { changed, unmade = [], ref, policy, deadline, earlier = null } = args;
  // Once: where this look does not show the change yet, theirs may not either.
  const following = [...(args.following ?? [])];
  const { verification } = await lookUntil(
    runtime,
    ({ isOver }) => isOver,
    async (): Promise<{ verification: Verification; isOver: boolean }> => {
      // Its own each time: no look after a change sees what was read before it.
      const reads = new SharedReads();
      const [seen] = await Promise.all([
        runtime.look(args.remediator, ref, policy, { as: LOOKING, deadline, purpose: 'verification', shared: reads, earlier }),
        ...following.splice(0).map((next) => runtime.look(next, ref, policy, { as: LOOKING, deadline, shared: reads })),
      ]);
      if (!seen.observation.ok || !seen.assessment.ok) {
        const message = unread(seen)?.error ?? '';
        return { verification: { status: 'unconfirmed', message, after: null, open: [], left: null, done: false, reads }, isOver: false };
      }
      const after = seen.observation.value === 'gone' ? null : seen.observation.value.state;
      const assessment = seen.assessment.value;
      const wrong = unresolved(changed, assessment);
      // What is gone, or does not have the gap for another reason, says nothing of what was not made.
      const left = unmade.length === 0 ? wrong : tells(seen) ? unresolved([...changed, ...unmade], assessment) : null;
      const found = { after, left, reads };
      if (wrong.length > 0) {
        const message = wrong.map(({ summary }) => summary).join('; ');
        return { verification: { ...found, status: 'not-verified', message, open: [], done: false }, isOver: false };
      }
      // The gap of a flag is in the plan that sets it.
      const isFlag = assessment.status === 'manual' && assessment.flagged === true;
      return {
        verification: { ...found, status: 'verified', message: '', open: isFlag ? [] : stillOpen(assessment), done: assessment.status !== 'change' },
        // What somebody else did may show late, too; what nobody did shows at no time.
        isOver: left?.length === 0 || args.overtaken !== true,
      };
    },
  );
  return verification;
}

/** Looks until what is seen settles it, or whatever was written would have shown; answers what was seen last. */
export async function lookUntil<T>({ clock }: Pick<Runtime, 'clock'>, settled: (seen: T) => boolean, look: () => Promise<T>): Promise<T> {
  let seen = await look();
  for (const wait of VERIFY_WAITS) {
    if (settled(seen)) break;
    await clock.sleep(wait);
    seen = await look();
  }
  return seen;
}

/** What still has to be done of what was done: the changes themselves, and whatever else a change should have resolved altogether. */
export function unresolved(changed: readonly Change[], assessment: Assessment): readonly Change[] {
  const left = remaining(changed, assessment);
  if (left.length > 0 || assessment.status !== 'change' || !changed.some((change) => change.resolves && change.subject === undefined)) return left;
  return assessment.changes.filter((change) => change.resolves && change.subject === undefined);
}
