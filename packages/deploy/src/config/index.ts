export { ANSWERS, type Answer, type AskedRule, answerTo, type RuleAnswer } from './answer.js';
export { type AskDocumentOptions, askDocument, MAX_ASK_SECONDS } from './ask-document.js';
export {
  ASK_DOCUMENT_NAME,
  ATTEMPTS,
  type ConformancePack,
  type ConformancePackOptions,
  conformancePack,
  MAX_PACK_BYTES,
  MAX_PACK_RULES,
  type PackFile,
  packFiles,
} from './conformance-pack.js';
export { type FsbpEntry, fsbpMap } from './fsbp.js';
export { does, type KnownRule, knownRules, type ParametersOf } from './managed-rules.js';
export { type MemberConfigTemplateOptions, memberConfigTemplate } from './member-config.js';
