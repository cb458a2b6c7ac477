import { defineResource, given, paginate, tagsIn } from '@redress/core';
import { wafv2 } from './client.js';

const MARKER = { input: 'NextMarker', output: 'NextMarker' };
/** Web ACLs of CloudFront are in this region. */
const GLOBAL = 'us-east-1';

/** A web ACL, by what its ARN ends in: `regional/webacl/shop/ebbcb976-8d59-4d20-8ca8-4ab2f6b7c07b`. The last part tells it from others of its name. */
export const webAcl = defineResource({
  type: 'AWS::WAFv2::WebACL',
  arn: 'arn:{partition}:wafv2:{region}:{account}:{id}',
  find: {
    reads: [wafv2.pick('GetWebACL')],
    async of({ aws, id }) {
      const [scope, , Name, Id] = id.split('/');
      return given(await aws.wafv2.GetWebACL({ Name, Id, Scope: scope === 'global' ? 'CLOUDFRONT' : 'REGIONAL' }), 'WebACL');
    },
  },
  tags: {
    reads: [wafv2.pick('ListTagsForResource')],
    of: async ({ aws, arn }) => tagsIn((await aws.wafv2.ListTagsForResource({ ResourceARN: arn })).TagInfoForResource?.TagList),
  },
  list: {
    reads: [wafv2.pick('ListWebACLs')],
    async *of({ aws, region }) {
      for (const Scope of ['REGIONAL', ...(region === GLOBAL ? ['CLOUDFRONT' as const] : [])] as const)
        for await (const { ARN } of paginate(aws.wafv2.ListWebACLs, { Scope }, 'WebACLs', MARKER))
          if (ARN !== undefined) yield { id: ARN.split(':').slice(5).join(':') };
    },
  },
});
