import { defineResource, given, paginate, tagsIn } from '@redress/core';
import { efs } from './client.js';

const MARKER = { input: 'Marker', output: 'NextMarker' };

/** An EFS file system, by its id. */
export const fileSystem = defineResource({
  type: 'AWS::EFS::FileSystem',
  arn: 'arn:{partition}:elasticfilesystem:{region}:{account}:file-system/{id}',
  find: {
    reads: [efs.pick('DescribeFileSystems')],
    of: async ({ aws, id }) => given(await aws.elasticfilesystem.DescribeFileSystems({ FileSystemId: id }), 'FileSystems')[0],
  },
  tags: { of: async ({ found }) => tagsIn((await found()).Tags) },
  list: {
    reads: [efs.pick('DescribeFileSystems')],
    async *of({ aws }) {
      for await (const { FileSystemId: id } of paginate(aws.elasticfilesystem.DescribeFileSystems, {}, 'FileSystems', MARKER))
        if (id !== undefined) yield { id };
    },
  },
});
