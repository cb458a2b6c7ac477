import type { JsonObject } from '@redress/core';

/** Input of {@link askDocument}. In a template both may be intrinsic functions. */
export interface AskDocumentOptions {
  /** ARN of the function that is called: output `ConfigFunctionArn` of the hub. Without it, each execution of the document has to pass it. */
  readonly functionArn?: string | JsonObject;
  /** ARN of the role that the Automation assumes, unless an execution passes another. */
  readonly roleArn?: string | JsonObject;
}

/** Maximum seconds that Systems Manager waits for a function. */
export const MAX_ASK_SECONDS = 300;

// A step has one attempt, and its failure ends the Automation: both by default.
// The response is checked even if the function succeeds: nothing unexpected may look like a fix.
const JUDGE = `import json

def judge(events, context):
    answer = events["answer"]
    for _ in range(2):
        if isinstance(answer, str):
            try:
                answer = json.loads(answer)
            except ValueError:
                break
    if not isinstance(answer, dict) or answer.get("answer") not in ("fixed", "held-back", "failed"):
        raise Exception("Redress gave no answer: " + str(answer)[:500])
    if answer["answer"] != "fixed":
        raise Exception(str(answer["answer"]) + ": " + str(answer.get("message", ""))[:1000])
    executions = [str(each["execution"]) for each in answer.get("passes", []) if each.get("execution")]
    return {"answer": "fixed", "message": str(answer.get("message", "")), "executions": executions}
`;

/**
 * The Automation document that AWS Config starts to remediate. Its first step calls the function of Redress, and changes nothing itself. Its second step
 * fails for every response except *fixed*. So every remediation that Config counts as successful was verified.
 *
 * @see https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-lamb.html
 */
export function askDocument({ functionArn, roleArn }: AskDocumentOptions = {}): JsonObject {
  const text = (description: string, allowedPattern: string, value?: string | JsonObject): JsonObject => ({
    type: 'String',
    description,
    allowedPattern,
    ...(value === undefined ? {} : { default: value }),
  });
  return {
    schemaVersion: '0.3',
    description: 'Asks Redress to remediate a resource. Redress decides by its own policy and guardrails. This document itself changes nothing.',
    assumeRole: '{{ AutomationAssumeRole }}',
    parameters: {
      AutomationAssumeRole: text('ARN of the role that may invoke the function.', '^arn:[^:]+:iam::[0-9]{12}:role/.+$', roleArn),
      FunctionArn: text('ARN of the function that answers, in this region.', '^arn:[^:]+:lambda:[a-z0-9-]+:[0-9]{12}:function:[^{}]+$', functionArn),
      ConfigRuleName: text('Default name of the rule.', '^[A-Za-z0-9_-]{1,128}$'),
      ResourceType: text('Type of the resource.', '^AWS::[A-Za-z0-9:]+$'),
      ResourceId: text('ID of the resource in AWS Config.', '^[^{}]{1,1024}$'),
    },
    outputs: ['Judge.Answer', 'Judge.Message', 'Judge.Executions'],
    mainSteps: [
      {
        name: 'AskRedress',
        action: 'aws:invokeLambdaFunction',
        timeoutSeconds: MAX_ASK_SECONDS,
        inputs: {
          FunctionName: '{{ FunctionArn }}',
          InvocationType: 'RequestResponse',
          InputPayload: {
            redress: 'config-remediation',
            configRule: '{{ ConfigRuleName }}',
            resourceType: '{{ ResourceType }}',
            resourceId: '{{ ResourceId }}',
            account: '{{ global:ACCOUNT_ID }}',
            region: '{{ global:REGION }}',
            automationExecution: '{{ automation:EXECUTION_ID }}',
          },
        },
      },
      {
        name: 'Judge',
        action: 'aws:executeScript',
        timeoutSeconds: 60,
        isEnd: true,
        inputs: { Runtime: 'python3.11', Handler: 'judge', Script: JUDGE, InputPayload: { answer: '{{ AskRedress.Payload }}' } },
        outputs: [
          { Name: 'Answer', Selector: '$.Payload.answer', Type: 'String' },
          { Name: 'Message', Selector: '$.Payload.message', Type: 'String' },
          { Name: 'Executions', Selector: '$.Payload.executions', Type: 'StringList' },
        ],
      },
    ],
  };
}
