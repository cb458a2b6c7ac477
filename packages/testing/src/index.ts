/**
 * The conformance kit: tells whether a remediator is safe.
 *
 * @packageDocumentation
 */
export { checkRemediator, type Failure } from './check.js';
export { type FakeClock, fakeClock } from './clock.js';
export { type SdkConfig, sdkConfig, testConnect, type TestConnectOptions } from './connect.js';
export { crashingJournal, type CrashPoint } from './crash.js';
export { describeRemediator } from './describe.js';
export { cloudTrailEvent, type CloudTrailInput, configComplianceEvent, type ConfigComplianceInput, type EventBridgeEvent, securityHubEvent, type SecurityHubInput } from './events.js';
export { type Fault, type RecordingProxy, recordingProxy } from './proxy.js';
export type { Arranged, ConformanceOptions, Expectation, Scenario, Sdk } from './scenario.js';
export type { FaultKind, WireCall } from './wire.js';
