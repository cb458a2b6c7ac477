import type { PassResult, RunBudget } from '../types.js';

/** What is the same for all places of a sweep. */
export interface SweepRun {
  readonly dryRun: boolean;
  readonly deadline: number | null;
  readonly patience: number;
  readonly perSecond: number | null;
  readonly signal: AbortSignal | null;
  readonly budget: RunBudget;
  onPass(pass: PassResult): void;
  /** Something more was found, or decided on. */
  progress(more: { readonly found?: number; readonly decided?: number; readonly places?: number }): void;
  /** Sleeps, until the sweep is stopped at the longest. */
  sleep(milliseconds: number): Promise<void>;
}
