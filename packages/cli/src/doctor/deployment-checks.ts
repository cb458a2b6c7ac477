import type { Policy, Register } from '@redress/core';
import { countOf } from '@redress/core';
import { fail, ok, read, unknown, warn } from './check.js';
import type { AccessFact, Check, DeploymentFacts, FunctionFact, QueueFact } from './facts.js';

/** Seconds that the function needs to change anything, with its verification. */
const LEAST_TIMEOUT = 60;
/** A fix is leased for two minutes: a message that comes again sooner only finds it busy. */
const LEASE = 120;
/** From this number of messages on there is a backlog. */
const BACKLOG = 1000;

/** The function: whether it is there, runs the policy and keeps the exceptions that are meant, and has the time it needs. */
export function functionChecks(
  facts: DeploymentFacts,
  { policy, register }: { readonly policy: Policy; readonly register: Register },
  policyFound: boolean,
): readonly Check[] {
  return read('function', 'function', facts.handler, (handler) => {
    if (handler === null)
      return [fail('function-missing', 'function', 'There is no function under this name.', 'Deploy it, or name it with --function or --stack.')];
    const where = handler.name;
    const found: Check[] = [];
    if (handler.state !== 'Active' && handler.state !== '') found.push(fail('function-inactive', where, `It is ${handler.state}.`, 'See its state reason.'));
    if (handler.lastUpdate === 'Failed')
      found.push(fail('function-update-failed', where, 'Its last update failed: it still runs the earlier code.', 'Deploy it again.'));
    if (handler.timeout < LEAST_TIMEOUT)
      found.push(
        fail('timeout-short', where, `Its timeout is ${handler.timeout} s.`, `Set at least ${LEAST_TIMEOUT} s: it makes no change without time to verify it.`),
      );
    return [
      ...(found.length > 0 ? found : [ok('function', where, `It exists, with a timeout of ${handler.timeout} s.`)]),
      ...policyDigestChecks(handler, policy, policyFound),
      ...(policyFound ? registerDigestChecks(handler, register) : []),
      ...mappingChecks(handler),
    ];
  });
}

const digestNext = (parameter: string) =>
  `Deploy the template of the hub with ${parameter}, which \`redress bundle\` prints. Code with a different digest then does not start.`;

function policyDigestChecks(handler: FunctionFact, policy: Policy, policyFound: boolean): readonly Check[] {
  const deployed = handler.environment['REDRESS_POLICY_DIGEST'] ?? '';
  if (!policyFound)
    return [warn('policy-not-compared', handler.name, 'There is no policy here to compare with.', 'Run it where redress.yaml is, or give --policy.')];
  if (deployed === '')
    return [
      unknown(
        'policy-digest',
        handler.name,
        'The function does not report which policy it runs: REDRESS_POLICY_DIGEST is not set.',
        digestNext('PolicyDigest'),
      ),
    ];
  return deployed === policy.digest
    ? [ok('policy-digest', handler.name, `It runs the same policy (${deployed}).`)]
    : [
        fail(
          'policy-stale',
          handler.name,
          `It runs ${deployed}; the policy here is ${policy.digest}.`,
          'Deploy this policy, or run this command with the deployed one.',
        ),
      ];
}

/** An exception that was written since the bundle was made exempts nothing yet. */
function registerDigestChecks(handler: FunctionFact, register: Register): readonly Check[] {
  const deployed = handler.environment['REDRESS_REGISTER_DIGEST'] ?? '';
  if (deployed === '')
    return [
      unknown(
        'register-digest',
        handler.name,
        'The function does not report which exceptions it has: REDRESS_REGISTER_DIGEST is not set.',
        digestNext('RegisterDigest'),
      ),
    ];
  return deployed === register.digest
    ? [ok('register-digest', handler.name, `It has the same exceptions (${register.entries.length}).`)]
    : [
        fail(
          'register-stale',
          handler.name,
          `It has other exceptions: its register is ${deployed}, and the one here is ${register.digest}.`,
          'Bundle and deploy this register. Until then only the exception tag exempts what was added, for three days.',
        ),
      ];
}

function mappingChecks(handler: FunctionFact): readonly Check[] {
  return read('mapping', handler.name, handler.mappings, (mappings) => {
    const queues = mappings.filter((each) => /:sqs:/.test(each.source));
    if (queues.length === 0) return [fail('mapping-missing', handler.name, 'No queue triggers it.', 'Deploy the event source mapping again.')];
    return queues.flatMap((mapping): Check[] => {
      const where = `${handler.name} ← ${mapping.source.split(':').at(-1) ?? ''}`;
      const found: Check[] = [];
      if (!mapping.enabled)
        found.push(fail('mapping-disabled', where, 'It is disabled: messages wait, and are lost after their retention period.', 'Enable it.'));
      if (!mapping.partialAnswers)
        found.push(
          fail(
            'mapping-whole-batches',
            where,
            'ReportBatchItemFailures is not set: if one message fails, the whole batch is delivered again, and in the end lost.',
            'Set FunctionResponseTypes.',
          ),
        );
      if (mapping.maximumConcurrency === null)
        found.push(warn('mapping-unbounded', where, 'It has no maximum concurrency.', 'Set one, or a flood of events uses up the concurrency of the account.'));
      return found.length > 0 ? found : [ok('mapping', where, 'It reports failed messages one by one.')];
    });
  });
}

/** Queues: what waits, how long a message is hidden, and what was given up. */
export function queueChecks(facts: DeploymentFacts): readonly Check[] {
  const timeout = facts.handler.ok && facts.handler.value !== null ? facts.handler.value.timeout : null;
  const waiting = facts.queues.flatMap((fact) => read('queue', 'queue', fact, (queue) => oneQueue(queue, timeout)));
  const dead = facts.deadLetters.flatMap(({ arn, queue }) =>
    read('dead-letters', nameOf(arn), queue, ({ waiting: count }) => [
      count === 0
        ? ok('dead-letters', nameOf(arn), 'It is empty.')
        : fail(
            'dead-letters',
            nameOf(arn),
            `The dead-letter queue has ${countOf(count, 'message')}.`,
            'Find the cause in the log, then redrive them (StartMessageMoveTask).',
          ),
    ]),
  );
  return [...waiting, ...dead];
}

function oneQueue(queue: QueueFact, timeout: number | null): readonly Check[] {
  const where = nameOf(queue.arn);
  const found: Check[] = [];
  if (queue.waiting >= BACKLOG)
    found.push(
      warn(
        'queue-backlog',
        where,
        `${countOf(queue.waiting, 'message')} waiting.`,
        'Check whether the function fails or is throttled, and whether circuit breakers are open.',
      ),
    );
  // The queue of sweeps, the only one in order, needs none: what is given up there the next schedule asks for once more.
  if (queue.deadLetters === null && !queue.arn.endsWith('.fifo'))
    found.push(
      fail('queue-no-dead-letters', where, 'Failed messages are retried until their retention period ends, and are then lost.', 'Give it a dead-letter queue.'),
    );
  if (timeout !== null && queue.visibility < timeout)
    found.push(
      fail(
        'visibility-short',
        where,
        `Its visibility timeout is ${queue.visibility} s, and the timeout of the function is ${timeout} s: a message is delivered again while it is being handled.`,
        'Set the visibility timeout to six times that of the function.',
      ),
    );
  else if (timeout !== null && queue.visibility < Math.max(6 * timeout, LEASE))
    found.push(
      warn(
        'visibility-short',
        where,
        `Its visibility timeout is ${queue.visibility} s.`,
        `Set it to ${Math.max(6 * timeout, LEASE)} s: six times the timeout of the function, and at least as long as a lease.`,
      ),
    );
  return found.length > 0 ? found : [ok('queue', where, `${countOf(queue.waiting, 'message')} waiting.`)];
}

const nameOf = (arn: string) => arn.split(':').at(-1) ?? arn;

/** The approvals' address: without IAM nobody is known there. */
export function approvalChecks(facts: DeploymentFacts, policy: Policy): readonly Check[] {
  if (facts.approvalUrl === null) return [];
  return read('approval-url', 'approvals', facts.approvalUrl, (url) => {
    if (url === null)
      return Object.keys(policy.approvers).length === 0
        ? []
        : [warn('approval-url-missing', 'approvals', 'The function has no URL.', 'Deploy it, or nobody can approve in the highest environment.')];
    return url.authType === 'AWS_IAM'
      ? [ok('approval-url', 'approvals', 'IAM identifies the caller.')]
      : [
          fail(
            'approval-url-open',
            'approvals',
            `Its AuthType is ${url.authType}: anybody can call it, and no caller is identified.`,
            'Set AuthType AWS_IAM. Until then the function rejects every call.',
          ),
        ];
  });
}

/** The kill switch that the function reads. */
export function stopChecks(facts: DeploymentFacts): readonly Check[] {
  if (facts.stop === null) return [];
  return read('kill-switch', 'kill switch', facts.stop, (stop) => {
    if (stop === null)
      return [fail('kill-switch-missing', 'kill switch', 'The parameter does not exist, so no changes are made.', 'Deploy it, with the value none.')];
    return stop === 'none'
      ? [ok('kill-switch', 'kill switch', 'It is off.')]
      : [warn('kill-switch-on', 'kill switch', `It stops ${stop}.`, 'Set it to none when it is no longer needed.')];
  });
}

/** Whether accounts let us in, and let us do what the policy wants done. */
export function accessChecks(facts: readonly AccessFact[]): readonly Check[] {
  return facts.flatMap(({ account, identity, actions, dryRun }): readonly Check[] => {
    if (!identity.ok)
      return [
        /not be assumed|AccessDenied|not authorized/i.test(identity.error)
          ? fail('role-denied', account, identity.error, 'Deploy the member role there, and check trust policy and external id.')
          : unknown('role', account, identity.error),
      ];
    if (identity.value.account !== account)
      return [unknown('role', account, `The credentials belong to account ${identity.value.account}, and no role of ${account} is configured here.`)];
    return [
      ok('role', account, `Access works, as ${identity.value.arn}.`),
      ...(actions === null ? [] : read('actions', account, actions, (simulated) => actionChecks(account, simulated))),
      ...(dryRun === null
        ? []
        : read('dry-run', account, dryRun, (may) => [
            may
              ? ok('dry-run', account, 'EC2 would have allowed the fix role to revoke a rule.')
              : fail('dry-run-denied', account, 'EC2 does not allow the fix role to revoke a rule.', DENIED),
          ])),
    ];
  });
}

const DENIED = 'Deploy the member role of this version, or check for a boundary or a service control policy.';

function actionChecks(
  account: string,
  simulated: { readonly role: string; readonly denied: readonly string[]; readonly unsure: readonly string[] },
): readonly Check[] {
  const { role, denied, unsure } = simulated;
  if (denied.length > 0) return [fail('actions-denied', account, `${role} may not ${denied.join(', ')}.`, DENIED)];
  if (unsure.length > 0)
    return [
      warn(
        'actions-unsure',
        account,
        `${role} is not allowed ${unsure.join(', ')} on all resources.`,
        'Check whether its policy allows them on the intended resources; a generated policy does.',
      ),
    ];
  return [ok('actions', account, `${role} may make every change that the policy allows.`)];
}
