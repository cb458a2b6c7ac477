import { defineResource, given, tagsIn } from '@redress/core';
import { cloudtrail } from './client.js';

/** A trail of this account, in its home region; other regions show copies of it. One of another account (the organization's) is not touched. */
export const trail = defineResource({
  type: 'AWS::CloudTrail::Trail',
  arn: 'arn:{partition}:cloudtrail:{region}:{account}:trail/{id}',
  name: {
    reads: [cloudtrail.pick('DescribeTrails')],
    of: async ({ aws, id, resource }) => {
      const found = given(await aws.cloudtrail.DescribeTrails({ trailNameList: [id] }), 'trailList')[0];
      if (found === undefined) return 'gone';
      return found.HomeRegion === undefined || found.TrailARN?.split(':')[4] !== resource.account ? null : { id, region: found.HomeRegion };
    },
  },
  find: { reads: [cloudtrail.pick('GetTrail')], of: async ({ aws, id }) => given(await aws.cloudtrail.GetTrail({ Name: id }), 'Trail') },
  arnOf: ({ TrailARN }) => TrailARN,
  tags: {
    reads: [cloudtrail.pick('ListTags')],
    of: async ({ aws, arn }) => tagsIn((await aws.cloudtrail.ListTags({ ResourceIdList: [arn] })).ResourceTagList?.[0]?.TagsList),
  },
  list: {
    reads: [cloudtrail.pick('DescribeTrails')],
    async *of({ aws, account, region }) {
      for (const found of given(await aws.cloudtrail.DescribeTrails({ includeShadowTrails: false }), 'trailList'))
        if (found.Name !== undefined && given(found, 'HomeRegion') === region && given(found, 'TrailARN').split(':')[4] === account)
          yield { id: found.Name, found };
    },
  },
});
