/**
 * Tells people what Redress did: SNS, EventBridge, Slack, Teams, Jira, ServiceNow, Security Hub.
 *
 * @packageDocumentation
 */
export {};
