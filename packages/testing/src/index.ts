/**
 * The conformance kit: tests whether a remediator, a guardrail or a journal is safe.
 *
 * @packageDocumentation
 */

export { describeJournal, type JournalUnderTest } from '@redress/evidence/contract';
export { checkRemediator, type Failure } from './check.js';
export { type FakeClock, fakeClock } from './clock.js';
export { type SdkConfig, sdkConfig, sharedConnections, type TestConnectOptions, testConnect } from './connect.js';
export { type CrashPoint, crashingJournal } from './crash.js';
export { describeRemediator } from './describe.js';
export {
  type CloudTrailInput,
  type ConfigComplianceInput,
  cloudTrailEvent,
  configComplianceEvent,
  type EventBridgeEvent,
  type SecurityHubInput,
  securityHubEvent,
} from './events.js';
export {
  FAULTS,
  type FaultName,
  type FaultOptions,
  type FaultReport,
  faultMatrix,
  type Gap,
  JOURNAL_FAULTS,
  journalProblems,
  type ReportedGap,
  reportedGap,
  type VirtualClock,
  virtualClock,
  WORLD_FAULTS,
} from './faults.js';
export { describeGuardrail, type GuardrailCase, guardrailFacts } from './guardrail.js';
export { type Fault, type RecordingProxy, recordingProxy } from './proxy.js';
export type { Arranged, ConformanceOptions, Expectation, Scenario, Sdk } from './scenario.js';
export {
  DISTURBANCES,
  type Disturbance,
  type SimulatedAccount,
  type SimulatedAccountOptions,
  type SimulatedCall,
  simulatedAccount,
} from './simulated/account.js';
export { type AccountState, type Operation, SimulatedError } from './simulated/state.js';
export type { FaultKind, WireCall } from './wire.js';
