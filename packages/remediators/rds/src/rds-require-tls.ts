import { allOf, defineSetting, given, paginate, tagsIn } from '@redress/core';
import { rds } from './client.js';
import { packageRef } from './package-ref.js';
import { dbInstance, instanceCalls, MARKER } from './resources.js';

/** Which parameter refuses connections without TLS. SQL Server takes it at the next restart, the others at once. */
const PARAMETERS: readonly (readonly [engine: RegExp, name: string, applied: 'immediate' | 'pending-reboot'])[] = [
  [/^postgres$/, 'rds.force_ssl', 'immediate'],
  [/^(?:mysql|mariadb)$/, 'require_secure_transport', 'immediate'],
  [/^sqlserver-/, 'rds.force_ssl', 'pending-reboot'],
];
const parameterOf = (engine: string) => {
  const [, name, applied] = PARAMETERS.find(([pattern]) => pattern.test(engine)) ?? [];
  return name === undefined || applied === undefined ? null : { name, applied };
};
const isOn = (value: string | null) => /^(?:1|on|true)$/i.test(value ?? '');

/**
 * Lets only connections with TLS reach a DB instance, by its parameter group. The parameter groups of RDS itself cannot be changed.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html#rds-38
 * @see https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/SQLServer.Concepts.General.SSL.Using.html
 */
export const requireTls = defineSetting({
  on: dbInstance,
  id: 'rds-require-tls',
  title: 'Require TLS for connections to a DB instance',
  package: packageRef,
  controls: { 'aws-fsbp': ['RDS.38', 'RDS.39', 'RDS.41', 'RDS.44'] },
  rules: {
    RDS_POSTGRES_INSTANCE_ENCRYPTED_IN_TRANSIT: 'rds-postgres-instance-encrypted-in-transit',
    RDS_MYSQL_INSTANCE_ENCRYPTED_IN_TRANSIT: 'rds-mysql-instance-encrypted-in-transit',
    RDS_SQLSERVER_ENCRYPTED_IN_TRANSIT: 'rds-sqlserver-encrypted-in-transit',
    RDS_MARIADB_INSTANCE_ENCRYPTED_IN_TRANSIT: 'rds-mariadb-instance-encrypted-in-transit',
  },
  // A call that changes a parameter group names no instance: sweeps, and AWS Config, find those that use it.
  calls: instanceCalls,
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'Clients whose drivers connect without TLS, or do not trust the RDS certificates: they are rejected. Only the database knows how each session connects.',
    'Instances that use the parameter group later.',
    'Replicas in other regions, which have their own parameter group.',
  ],
  read: {
    reads: [rds.pick('DescribeDBParameters')],
    async of({ aws, found }) {
      const { Engine: engine, DBClusterIdentifier: cluster, DBParameterGroups } = await found();
      const [{ DBParameterGroupName: group } = {}] = DBParameterGroups ?? [];
      const parameter = engine === undefined ? null : parameterOf(engine);
      const nothing = { group, engine, cluster, value: null, set: false };
      if (parameter === null || group === undefined || cluster !== undefined) return nothing;
      const asked = { DBParameterGroupName: group, Filters: [{ Name: 'parameter-name', Values: [parameter.name] }] };
      for await (const each of paginate(aws.rds.DescribeDBParameters, asked, 'Parameters', MARKER))
        if (each.ParameterName === parameter.name) return { ...nothing, value: each.ParameterValue ?? null, set: given(each, 'Source') === 'user' };
      throw new Error(`RDS returned no value of ${parameter.name} in ${group}.`);
    },
  },
  absent: { cluster: null },
  context: {
    reads: [rds.pick('DescribeDBInstances')],
    async of({ aws, found, id }) {
      const [{ DBParameterGroupName: own, ParameterApplyStatus: applied = 'unknown' } = {}] = (await found()).DBParameterGroups ?? [];
      const all = await allOf(paginate(aws.rds.DescribeDBInstances, {}, 'DBInstances', MARKER));
      const using = all.filter((each) => given(each, 'DBParameterGroups').some((one) => given(one, 'DBParameterGroupName') === own));
      const others = using.filter((each) => each.DBInstanceIdentifier !== id);
      const tagged = others.map(({ DBInstanceIdentifier: other = '?', TagList }) => ({ type: dbInstance.type, id: other, tags: tagsIn(TagList) }));
      return { applied, using: tagged.sort((a, b) => (a.id < b.id ? -1 : 1)) };
    },
  },
  // The change reaches them, too.
  usedBy: ({ using }) => using,
  exceptionTypes: [dbInstance.type],
  hazards: [
    {
      code: 'shared-group',
      effect: 'approve',
      what: 'Other instances use the same parameter group: their clients need TLS, too.',
      advice: 'Ask the owners of the other instances, or give this instance its own parameter group first.',
      when: ({ context, now }) =>
        context === undefined || context.using.length === 0
          ? null
          : `${now.group} is also the parameter group of ${context.using.map((each) => each.id).join(', ')}`,
    },
  ],
  rollback: {
    restores: 'exact',
    what: 'The parameter gets its earlier value back, or is reset if it was not set.',
    not: ['Connections that were rejected in the meantime.'],
  },
  alsoFoundBy: { prowler: ['rds_instance_transport_encrypted'] },
  inCode: { cloudFormation: 'AWS::RDS::DBParameterGroup Parameters', terraform: 'aws_db_parameter_group parameter' },
  instead({ now: { group, engine, cluster, value }, context, id }) {
    if (cluster !== null) return { status: 'not-applicable', reason: `It is a member of the cluster ${cluster}, whose parameter group decides.` };
    const parameter = parameterOf(engine);
    if (parameter === null) return { status: 'not-applicable', reason: `The engine ${engine} has no parameter for it.` };
    if (isOn(value))
      return context === undefined || context.applied === 'in-sync'
        ? null
        : {
            status: 'manual',
            message: `The parameter group ${group} requires TLS, but ${id} has not applied it completely yet: its status is ${context.applied}.`,
            steps: ['Wait while it is applied. If it is pending a restart, restart the instance when its clients connect with TLS.'],
          };
    if (!group.startsWith('default.')) return null;
    return {
      status: 'manual',
      message: `${id} accepts connections without TLS, and its parameter group ${group} is a default group of RDS, which cannot be changed.`,
      steps: [
        `Create a parameter group of the same family with ${parameter.name} = 1, and with all other settings that the instance needs.`,
        `Assign it to the instance: aws rds modify-db-instance --db-instance-identifier ${id} --db-parameter-group-name NAME`,
        'Restart the instance when its clients connect with TLS: a new parameter group takes effect with the restart.',
      ],
    };
  },
  wanted: ({ now }) => (isOn(now.value) ? now : { ...now, value: '1', set: true }),
  writes: [rds.pick('ModifyDBParameterGroup')],
  undoes: [rds.pick('ModifyDBParameterGroup', 'ResetDBParameterGroup')],
  // Only what is named is changed; the other parameters of the group stay. What nobody had set is reset.
  write({ to: { group, engine, value, set } }) {
    const { name: ParameterName = '', applied: ApplyMethod = 'pending-reboot' } = parameterOf(engine) ?? {};
    return set && value !== null
      ? rds.call('ModifyDBParameterGroup', { DBParameterGroupName: group, Parameters: [{ ParameterName, ParameterValue: value, ApplyMethod }] })
      : rds.call('ResetDBParameterGroup', { DBParameterGroupName: group, ResetAllParameters: false, Parameters: [{ ParameterName, ApplyMethod }] });
  },
  open: ({ id, now: { engine } }) =>
    parameterOf(engine)?.applied === 'pending-reboot'
      ? [`${id} accepts connections without TLS until it restarts: restart it when its clients connect with TLS`]
      : undefined,
  compliant: ({ id }) => `${id} accepts only connections with TLS.`,
  summary: ({ id, now: { group, engine } }) =>
    `require TLS for connections to ${id}${parameterOf(engine)?.applied === 'immediate' ? '' : ' from its next restart'}, with the parameter group ${group}`,
});
