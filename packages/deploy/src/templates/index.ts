export { type HubTemplateOptions, hubTemplate, MAX_RECEIVE_COUNT } from './hub.js';
export { JOURNAL_TABLE } from './journal-table.js';
export { LINT_EXCEPTIONS, type LintException } from './lint-exceptions.js';
export { type MemberEventsTemplateOptions, memberEventsTemplate } from './member-events.js';
export { type MemberRoleTemplateOptions, memberRoleTemplate } from './member-role.js';
export { MAX_INLINE_BYTES, MAX_TEMPLATE_BYTES, printTemplate, printYaml } from './print.js';
export { QUEUE_RETENTION_SECONDS } from './queue.js';
export { RULE_RETRY } from './rules.js';
export type { Template, TemplateParameter, TemplateResource } from './template.js';
