import type { JsonObject } from '@redress/core';
import { checkovMetadata } from './lint-exceptions.js';
import { ref, sub, type TemplateResource } from './template.js';

/** The namespace of the functions' metrics (embedded metric format), one for each account and region. */
export const NAMESPACE = 'Redress';
const HOUR = 3600;
const DAY = 86_400;

/** Alarms that show people what to check, the topic, and the dashboard. */
export function watching(timeout: number): Record<string, TemplateResource> {
  const sqs = (name: string) => ({ Namespace: 'AWS/SQS', Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': [name, 'QueueName'] } }] });
  const lambda = (name: string) => ({ Namespace: 'AWS/Lambda', Dimensions: [{ Name: 'FunctionName', Value: ref(name) }] });
  return {
    Notices: {
      Type: 'AWS::SNS::Topic',
      ...checkovMetadata('AWS::SNS::Topic'),
      Properties: { DisplayName: 'Redress' },
    },
    NoticesPolicy: {
      Type: 'AWS::SNS::TopicPolicy',
      Properties: {
        Topics: [ref('Notices')],
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            {
              Sid: 'TlsOnly',
              Effect: 'Deny',
              Principal: '*',
              Action: 'sns:Publish',
              Resource: ref('Notices'),
              Condition: { Bool: { 'aws:SecureTransport': 'false' } },
            },
            {
              Sid: 'OurAlarms',
              Effect: 'Allow',
              Principal: { Service: 'cloudwatch.amazonaws.com' },
              Action: 'sns:Publish',
              Resource: ref('Notices'),
              Condition: { StringEquals: { 'aws:SourceAccount': ref('AWS::AccountId') } },
            },
          ],
        },
      },
    },
    NoticesEmail: {
      Type: 'AWS::SNS::Subscription',
      Condition: 'HasEmail',
      Properties: { TopicArn: ref('Notices'), Protocol: 'email', Endpoint: ref('NoticeEmail') },
    },
    // Counted from the log, so that it covers recovery, sweeps and approvals too, which the function does not count.
    ...Object.fromEntries(
      ['FunctionLog', 'ApprovalsLog'].map((name): [string, TemplateResource] => [
        `${name}Unfinished`,
        {
          Type: 'AWS::Logs::MetricFilter',
          Properties: {
            LogGroupName: ref(name),
            FilterPattern: '{ $.outcome = "failed" || $.outcome = "partial" || $.outcome = "unknown" }',
            MetricTransformations: [{ MetricName: 'Unfinished', MetricNamespace: NAMESPACE, MetricValue: '1' }],
          },
        },
      ]),
    ),
    DeadLettersAlarm: alarm('Messages were received too often. Review them, then redrive them (StartMessageMoveTask).', {
      ...sqs('DeadLetters'),
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Statistic: 'Maximum',
    }),
    UndeliveredAlarm: alarm('Events could not be delivered, or a sweep failed three times. The message attributes show which rule, and why.', {
      ...sqs('Undelivered'),
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Statistic: 'Maximum',
    }),
    OldestMessageAlarm: alarm('A message has waited for an hour: the function fails, is throttled, or is overloaded.', {
      ...sqs('Queue'),
      MetricName: 'ApproximateAgeOfOldestMessage',
      Statistic: 'Maximum',
      Threshold: HOUR,
    }),
    ErrorsAlarm: alarm('The function ended with an error. See its log.', { ...lambda('Function'), MetricName: 'Errors', Statistic: 'Sum' }),
    ThrottlesAlarm: alarm('The function was throttled for a quarter of an hour.', {
      ...lambda('Function'),
      MetricName: 'Throttles',
      Statistic: 'Sum',
      EvaluationPeriods: 3,
    }),
    SlowAlarm: alarm('Invocations nearly reach their timeout. Raise the timeout, or reduce the batch size.', {
      ...lambda('Function'),
      MetricName: 'Duration',
      Statistic: 'Maximum',
      Threshold: timeout * 900,
    }),
    ApprovalErrorsAlarm: alarm('The approval endpoint ended with an error. See its log.', {
      ...lambda('Approvals'),
      MetricName: 'Errors',
      Statistic: 'Sum',
    }),
    ConfigErrorsAlarm: {
      ...alarm('The function that AWS Config asks ended with an error repeatedly. See its log.', {
        ...lambda('Config'),
        MetricName: 'Errors',
        Statistic: 'Sum',
        // A busy resource counts too: Config calls again.
        EvaluationPeriods: 3,
      }),
      Condition: 'ServesConfig',
    },
    UnfinishedAlarm: alarm('A change failed, was made only in part, or has an unknown outcome. `redress history` shows it.', {
      Namespace: NAMESPACE,
      MetricName: 'Unfinished',
      Statistic: 'Sum',
    }),
    SweepAgeAlarm: alarm(
      'A sweep is not complete six hours after it was requested. Raise sweepConcurrency or the timeout; the log (sweep-continued) shows where.',
      {
        Namespace: NAMESPACE,
        MetricName: 'SweepAge',
        Statistic: 'Maximum',
        Threshold: 6 * HOUR,
      },
    ),
    SweepFailedAlarm: alarm('Accounts or regions could not be swept, two days in a row. The log (sweep-left, sweep-summary) shows which, and why.', {
      Namespace: NAMESPACE,
      MetricName: 'SweepFailed',
      Statistic: 'Sum',
      Period: DAY,
      EvaluationPeriods: 2,
    }),
    SweepMissingAlarm: missing('No sweep has completed for a day: what events missed is not found.', 'SweepCompleted'),
    CanaryMissingAlarm: missing(
      'The daily canary did not arrive, so events do not arrive either. `redress doctor` shows where they are lost.',
      'CanaryArrived',
    ),
    Dashboard: { Type: 'AWS::CloudWatch::Dashboard', Properties: { DashboardBody: sub(JSON.stringify(dashboard())) } },
  };
}

export function alarm(AlarmDescription: string, more: JsonObject): TemplateResource {
  return {
    Type: 'AWS::CloudWatch::Alarm',
    Properties: {
      AlarmDescription,
      Period: 300,
      EvaluationPeriods: 1,
      Threshold: 1,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      TreatMissingData: 'notBreaching',
      AlarmActions: [ref('Notices')],
      ...more,
    },
  };
}

/** Two periods in a row, usually of a day each. A new deployment has its first run within them, and a delayed schedule does not count as missing. */
export function missing(description: string, MetricName: string, Period = DAY): TemplateResource {
  return alarm(description, {
    Namespace: NAMESPACE,
    MetricName,
    Statistic: 'Sum',
    Period,
    EvaluationPeriods: 2,
    DatapointsToAlarm: 2,
    ComparisonOperator: 'LessThanThreshold',
    TreatMissingData: 'breaching',
  });
}

function dashboard(): JsonObject {
  const widget = (at: number, title: string, metrics: JsonObject[string][], more: JsonObject = {}): JsonObject => ({
    type: 'metric',
    x: (at % 2) * 12,
    y: Math.floor(at / 2) * 6,
    width: 12,
    height: 6,
    properties: { title, region: '{AWS::Region}', view: 'timeSeries', period: HOUR, metrics, ...more },
  });
  const outcomes = ['remediated', 'flagged', 'awaiting-approval', 'notified', 'failed', 'partial', 'unknown'];
  return {
    widgets: [
      widget(
        0,
        'Time to close: from the report to the verified fix, seconds',
        ['p50', 'p90', 'Maximum'].map((stat) => [NAMESPACE, 'TimeToClose', { stat }]),
      ),
      widget(
        1,
        'Outcomes',
        outcomes.map((outcome) => [NAMESPACE, 'Outcomes', 'Outcome', outcome]),
        { stat: 'Sum' },
      ),
      widget(2, 'Messages', [
        ['AWS/SQS', 'NumberOfMessagesReceived', 'QueueName', '{Queue.QueueName}', { stat: 'Sum' }],
        ['AWS/SQS', 'ApproximateAgeOfOldestMessage', 'QueueName', '{Queue.QueueName}', { stat: 'Maximum', yAxis: 'right' }],
      ]),
      widget(
        3,
        'Dead letters',
        ['DeadLetters', 'Undelivered'].map((name) => ['AWS/SQS', 'ApproximateNumberOfMessagesVisible', 'QueueName', `{${name}.QueueName}`]),
        { stat: 'Maximum' },
      ),
      widget(
        4,
        'Function',
        ['Invocations', 'Errors', 'Throttles'].map((name) => ['AWS/Lambda', name, 'FunctionName', '{Function}']),
        { stat: 'Sum' },
      ),
      widget(
        5,
        'Sweeps and canaries',
        [
          [NAMESPACE, 'SweepCompleted'],
          [NAMESPACE, 'CanaryArrived'],
        ],
        { stat: 'Sum', period: DAY },
      ),
    ],
  };
}
