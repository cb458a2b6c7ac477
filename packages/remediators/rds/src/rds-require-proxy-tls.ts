import { defineResource, defineSetting, given, paginate, tagsIn } from '@redress/core';
import { rds } from './client.js';
import { packageRef } from './package-ref.js';
import { MARKER } from './resources.js';

/** A proxy, by its name. Its ARN has an id of its own (prx-…). */
const dbProxy = defineResource({
  type: 'AWS::RDS::DBProxy',
  find: {
    reads: [rds.pick('DescribeDBProxies')],
    of: async ({ aws, id }) => given(await aws.rds.DescribeDBProxies({ DBProxyName: id }), 'DBProxies')[0],
  },
  created: ({ DBProxyArn }) => DBProxyArn,
  tags: {
    reads: [rds.pick('ListTagsForResource')],
    of: async ({ aws, found }) => tagsIn((await aws.rds.ListTagsForResource({ ResourceName: given(await found(), 'DBProxyArn') })).TagList),
  },
  name: {
    reads: [rds.pick('DescribeDBProxies')],
    of: async ({ aws, id }) => {
      const own = /(?:^|:db-proxy:)(prx-[0-9a-f]+)$/.exec(id)?.[1];
      if (own === undefined) return { id: id.toLowerCase() };
      for await (const each of paginate(aws.rds.DescribeDBProxies, {}, 'DBProxies', MARKER))
        if (each.DBProxyArn?.endsWith(`:${own}`) === true && each.DBProxyName !== undefined) return { id: each.DBProxyName };
      return 'gone';
    },
  },
  list: {
    reads: [rds.pick('DescribeDBProxies')],
    async *of({ aws }) {
      for await (const { DBProxyName: id } of paginate(aws.rds.DescribeDBProxies, {}, 'DBProxies', MARKER)) if (id !== undefined) yield { id };
    },
  },
});

/**
 * Lets only connections with TLS reach a proxy of RDS. It holds for new connections at once.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html#rds-43
 */
export const requireProxyTls = defineSetting({
  on: dbProxy,
  id: 'rds-require-proxy-tls',
  title: 'Require TLS for connections to a proxy',
  package: packageRef,
  controls: { 'aws-fsbp': ['RDS.43'] },
  rules: { RDS_PROXY_TLS_ENCRYPTION: 'rds-proxy-tls-encryption' },
  calls: { 'rds:CreateDBProxy': 'request.dBProxyName', 'rds:ModifyDBProxy': 'request.dBProxyName' },
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: ['Clients that connect without TLS: they are rejected. The logs of the proxy show them if DebugLogging is on.'],
  at: ({ RequireTLS }) => ({ required: RequireTLS }),
  context: { of: async ({ found }) => ({ status: (await found()).Status ?? 'unknown' }) },
  hazards: [
    {
      code: 'busy',
      effect: 'approve',
      what: 'The proxy is being created, changed or suspended: RDS rejects the change.',
      advice: 'Wait until it is available. Then approve.',
      when: ({ context, id }) =>
        context === undefined || context.status === 'available' ? null : `${id} is not available at the moment: it is ${context.status}`,
    },
  ],
  rollback: { restores: 'exact', what: 'The proxy accepts connections without TLS again.', not: ['Connections that were rejected in the meantime.'] },
  inCode: { cloudFormation: 'AWS::RDS::DBProxy RequireTLS', terraform: 'aws_db_proxy require_tls' },
  wanted: () => ({ required: true }),
  writes: [rds.pick('ModifyDBProxy')],
  write: ({ id, to }) => rds.call('ModifyDBProxy', { DBProxyName: id, RequireTLS: to.required }),
  compliant: ({ id }) => `${id} accepts only connections with TLS.`,
  summary: ({ id }) => `require TLS for connections to ${id}`,
});
