export { MAX_ATTACHED_POLICIES, MAX_MANAGED_POLICY, MAX_ROLE_POLICIES, type PolicyDocument, policySize } from './divided.js';
export { type AuditorOptions, auditorPolicy } from './journal.js';
export { type Conditions, NARROWING, type Narrowing } from './narrowing.js';
export { NEVER } from './never.js';
export {
  actionsOf,
  boundaryPolicy,
  type ExampleRequest,
  exampleRequests,
  type IamOptions,
  iamActions,
  MEMBER_ROLES,
  type MemberRole,
  memberPolicies,
  memberPolicy,
  narrowed,
  oneActionForBoth,
  type Rest,
  type Writing,
} from './policies.js';
