/**
 * Notifies people of what Redress did: SNS, EventBridge, Slack, Teams, Jira, ServiceNow, Security Hub.
 *
 * @packageDocumentation
 */

export type { Channel } from './channels/channel.js';
export { type EventBridgeOptions, eventBridgeChannel } from './channels/eventbridge.js';
export { type JiraOptions, jira } from './channels/jira.js';
export { type SecurityHubOptions, securityHubChannel } from './channels/securityhub.js';
export { type ServiceNowOptions, serviceNow } from './channels/servicenow.js';
export { type SlackOptions, slackChannel } from './channels/slack.js';
export { type SnsOptions, snsChannel } from './channels/sns.js';
export { type TeamsOptions, teamsChannel } from './channels/teams.js';
export { type Ticket, type TicketOptions, type TicketPort, type TicketText, ticketChannel, ticketKey } from './channels/tickets.js';
export { notifierFromEnvironment } from './environment.js';
export type { Delivery, Secret } from './http.js';
export { type CodeChange, codeChange, SNIPPETS, type Snippet } from './iac.js';
export { type Command, type Link, type Message, type MessageOptions, messageOf, type Section, type Severity } from './message.js';
export { type Limits, type Notifier, type NotifierOptions, notifier } from './notifier.js';
export { plainText } from './plain-text.js';
export { ownerOf, type Route, type RouteCondition } from './routes.js';
