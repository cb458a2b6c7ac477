// Times of the path in milliseconds, each with its reason, so that they can be compared with each other.

/** How long an execution may take before another worker may close it: a plan of some calls, each with its looks. */
export const LEASE = 120_000;
/** Before the process ends: with less time than this nothing is begun, since a write takes up to ten seconds, and its verification eight. */
export const NEEDED = 30_000;
/** Before the process ends: with less time than this after it, a pass does not wait for a resource to settle. */
export const NEEDED_AFTER_SETTLING = 45_000;
/** How long a pass waits for its turn at a resource that another worker holds: longer than a fix takes. Then the input is delivered later. */
export const TURN = 10_000;
/** How often it looks whether it is its turn. */
export const TURN_POLL = 250;
/** How often a pass reads a resource that keeps changing. */
export const ROUNDS = 8;
/** Waits before further reads, if the effect does not show at once. */
export const VERIFY_WAITS: readonly number[] = [250, 1000, 2000, 4000];
/** Reads are eventually consistent: so long after a write they show it. */
export const SHOWS: number = VERIFY_WAITS.reduce((sum, each) => sum + each);
/** The maximum age of a read on which a call is sent. So an exception tag counts that was set while a reply was lost, or while a store was slow. */
export const LOOK_HOLDS = 2000;
