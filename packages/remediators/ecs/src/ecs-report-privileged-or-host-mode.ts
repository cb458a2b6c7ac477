import { defineReport, given } from '@redress/core';
import { packageRef } from './package-ref.js';
import { taskDefinition } from './task-definition.js';

/** Who a container runs as where it is root: user ids and names of it. */
const isRoot = (user: string | undefined) => user === undefined || user === '' || /^(?:root|0)(?::.*)?$/.test(user);

/**
 * Reports a task definition whose containers are privileged, see the processes of the host, or run as root in its network.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/ecs-controls.html#ecs-4
 */
export const reportPrivilegedOrHostMode = defineReport({
  on: taskDefinition,
  id: 'ecs-report-privileged-or-host-mode',
  title: 'Report task definitions with privileged, host process or host network settings',
  package: packageRef,
  controls: { 'aws-fsbp': ['ECS.1', 'ECS.3', 'ECS.4'] },
  rules: {
    ECS_CONTAINERS_NONPRIVILEGED: 'ecs-containers-nonprivileged',
    ECS_TASK_DEFINITION_PID_MODE_CHECK: 'ecs-task-definition-pid-mode-check',
    ECS_TASK_DEFINITION_USER_FOR_HOST_MODE_CHECK: 'ecs-task-definition-user-for-host-mode-check',
  },
  calls: { 'ecs:RegisterTaskDefinition': 'response.taskDefinition.taskDefinitionArn' },
  alsoFoundBy: {
    prowler: [
      'ecs_task_definitions_containers_privileged',
      'ecs_task_definitions_host_namespace_not_shared',
      'ecs_task_definitions_host_networking_mode_users',
    ],
  },
  blindSpots: [
    'Whether tasks of this revision run: services may use an older one.',
    'Monitoring and security agents, which need such permissions by design: record an exception for them.',
    'The user of the image, where the task definition names none: it counts as root.',
  ],
  at: ({ it }) => ({
    status: it.status,
    network: it.networkMode,
    pid: it.pidMode,
    privileged: given(it, 'containerDefinitions').flatMap(({ name = '?', privileged }) => (privileged === true ? [name] : [])),
    root: given(it, 'containerDefinitions').flatMap(({ name = '?', user, privileged }) => (isRoot(user) && privileged !== true ? [name] : [])),
  }),
  // ECS leaves both out where nobody has set them.
  absent: { network: 'bridge', pid: 'task' },
  exempt: ({ now: { status } }) => (status === 'ACTIVE' ? null : 'It is deregistered: no new task or service can use it.'),
  gap({ now: { network, pid, privileged, root }, id }) {
    const asRoot = network === 'host' ? root : [];
    const wrong = [
      ...(privileged.length > 0 ? [`privileged containers (${privileged.join(', ')})`] : []),
      ...(pid === 'host' ? ['the host process namespace'] : []),
      ...(asRoot.length > 0 ? [`containers that run as root in the host network (${asRoot.join(', ')})`] : []),
    ];
    if (wrong.length === 0) return null;
    return {
      message: `Task definition ${id} has ${wrong.join(', and ')}.`,
      steps: [
        'Ask its owner which of these the containers need.',
        ...(privileged.length > 0 ? ['Register a revision without privileged. Add single Linux capabilities if some are needed.'] : []),
        ...(pid === 'host' ? ['Register a revision without pidMode, or with task.'] : []),
        ...(asRoot.length > 0 ? ['Register a revision with awsvpc as its network mode, or with a user that is not root.'] : []),
        'Update the services and schedules that use the old revision. Then deregister it.',
      ],
    };
  },
  // Whether a rule counts revisions that are deregistered, its parameter says.
  judge: ({ state: { status }, claim }) => (status === 'ACTIVE' || /^true$/i.test(claim.parameters?.['SkipInactiveTaskDefinitions'] ?? '') ? [] : null),
  closed: 'the newest active revision has none of these, or the revision is deregistered',
});
