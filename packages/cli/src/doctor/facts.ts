import type { Approval, Breaker, EventPattern, Fact, JsonObject, OpenExecution, Policy, Register, Stop } from '@redress/core';

/** The result of one check. `unknown`: it could not be read, which never counts as ok. */
export type CheckStatus = 'ok' | 'warn' | 'fail' | 'unknown';

/** One answer of `redress doctor`. */
export interface Check {
  /** Stable; compare it, never the text. */
  readonly code: string;
  readonly status: CheckStatus;
  /** What it is about: a region, a queue, a rule, an account. */
  readonly where: string;
  /** What was seen. */
  readonly saw: string;
  /** What to do; null where nothing is to do. */
  readonly next: string | null;
}

/** A CloudTrail trail that records a region. */
export interface TrailFact {
  readonly name: string;
  readonly homeRegion: string;
  readonly multiRegion: boolean;
  readonly logging: Fact<{ readonly on: boolean; readonly deliveryError: string | null }>;
  /** Whether it records management events that write. */
  readonly writes: Fact<boolean>;
}

/** A configuration recorder of AWS Config. */
export interface RecorderFact {
  readonly name: string;
  readonly recording: boolean;
  /** `SUCCESS`, `FAILURE`, `PENDING`. */
  readonly lastStatus: string | null;
  readonly all: boolean;
  readonly global: boolean;
  readonly types: readonly string[];
  readonly except: readonly string[];
  readonly daily: boolean;
}

/** An EventBridge rule with its targets. */
export interface RuleFact {
  readonly name: string;
  readonly enabled: boolean;
  /** Null for a schedule. */
  readonly pattern: JsonObject | null;
  readonly targets: readonly { readonly arn: string; readonly deadLetters: string | null }[];
}

/** What is seen of a region. */
export interface PlaceFacts {
  readonly account: string;
  readonly region: string;
  readonly trails: Fact<readonly TrailFact[]>;
  readonly recorders: Fact<readonly RecorderFact[]>;
  readonly channels: Fact<number>;
  readonly rules: Fact<readonly RuleFact[]>;
  readonly securityHub: Fact<boolean>;
}

/** What the rules are to be. */
export interface Wanted {
  readonly patterns: readonly EventPattern[];
  /** Of remediators that learn from AWS Config. */
  readonly configTypes: readonly string[];
  readonly securityHub: boolean;
  /** Where events of global services arrive: `us-east-1`, and its like in other partitions. */
  readonly globalRegion: string;
}

/** A queue. */
export interface QueueFact {
  readonly arn: string;
  readonly waiting: number;
  readonly visibility: number;
  readonly deadLetters: string | null;
}

/** The function that handles events. */
export interface FunctionFact {
  readonly name: string;
  readonly arn: string;
  readonly state: string;
  readonly lastUpdate: string | null;
  /** Seconds. */
  readonly timeout: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly mappings: Fact<readonly MappingFact[]>;
}

/** What takes messages from a queue to the function. */
export interface MappingFact {
  readonly source: string;
  readonly enabled: boolean;
  readonly partialAnswers: boolean;
  readonly maximumConcurrency: number | null;
}

/** What is deployed. */
export interface DeploymentFacts {
  /** Null: there is none under the name. */
  readonly handler: Fact<FunctionFact | null>;
  /** Of the approvals; null where none was named. */
  readonly approvalUrl: Fact<{ readonly authType: string } | null> | null;
  /** What the mappings read from. */
  readonly queues: readonly Fact<QueueFact>[];
  /** Queues of dead letters and of what could not be delivered, by ARN. */
  readonly deadLetters: readonly { readonly arn: string; readonly queue: Fact<QueueFact> }[];
  readonly stop: Fact<Stop | null> | null;
}

/** Whether an account lets us in. */
export interface AccessFact {
  readonly account: string;
  /** ARN of the session. */
  readonly identity: Fact<{ readonly account: string; readonly arn: string }>;
  /**
   * Actions of the enabled remediators that its fixing role may not do, as IAM simulates it; null where that was not asked. `unsure` are
   * those that nothing denies and nothing allows on every resource: perhaps on some.
   */
  readonly actions: Fact<{ readonly role: string; readonly denied: readonly string[]; readonly unsure: readonly string[] }> | null;
  /** Whether EC2 says that the fixing credentials might revoke a rule; null where that was not asked. */
  readonly dryRun: Fact<boolean> | null;
}

/** What policy, register and journal say. */
export interface RecordFacts {
  readonly now: number;
  readonly policy: Policy;
  /** Whether there is one at all. */
  readonly policyFound: boolean;
  readonly register: Register;
  readonly stopFile: Fact<Stop>;
  /** Of the data folder, or of the deployment; null where there is none yet. */
  readonly journal: Fact<JournalFacts | null>;
}

/** What the journal holds that somebody has to look at. */
export interface JournalFacts {
  readonly shown: string;
  readonly open: readonly OpenExecution[];
  readonly approvals: readonly Approval[];
  readonly breakers: readonly (Breaker & { readonly account: string })[];
}

/** The canary's arrivals in a region. */
export interface CanaryFacts {
  readonly now: number;
  readonly region: string;
  /** Epoch milliseconds of the newest; null: none ever. */
  readonly last: Fact<number | null>;
}
