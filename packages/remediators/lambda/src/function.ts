import { type CallReader, defineResource, paginate } from '@redress/core';
import { lambda } from './client.js';

/** A function, by its name. What is said of it is said of its version that is not published yet. */
export const lambdaFunction = defineResource({
  type: 'AWS::Lambda::Function',
  arn: ['arn:{partition}:lambda:{region}:{account}:function:{id}', 'arn:{partition}:lambda:{region}:{account}:function:{id}:$LATEST'],
  find: {
    reads: [lambda.pick('GetFunctionConfiguration')],
    of: async ({ aws, id }) => aws.lambda.GetFunctionConfiguration({ FunctionName: id }),
  },
  tags: {
    reads: [lambda.pick('ListTags')],
    async of({ aws, arn }) {
      const { Tags } = await aws.lambda.ListTags({ Resource: arn });
      if (Tags === undefined) throw new Error('Lambda returned no tags.');
      return Tags;
    },
  },
  list: {
    reads: [lambda.pick('ListFunctions')],
    async *of({ aws }) {
      for await (const found of paginate(aws.lambda.ListFunctions, {}, 'Functions', { input: 'Marker', output: 'NextMarker' }))
        if (found.FunctionName !== undefined) yield { id: found.FunctionName };
    },
  },
});

/** A request names a function by its name, by a part of its ARN or by the whole of it. */
const namedBy =
  (member: 'functionName' | 'resourceArn'): CallReader =>
  ({ request }) => {
    const name = request?.[member];
    const id = typeof name === 'string' ? /^(?:arn:[^:]+:lambda:[^:]+:)?(?:\d{12}:)?(?:function:)?([\w-]+)(?::[\w$-]+)?$/.exec(name)?.[1] : undefined;
    return id === undefined ? [] : [{ id }];
  };
const named = namedBy('functionName');

/** The calls that make a function or change where it runs; CloudTrail names them with the version of the API. */
export const functionCalls = { 'lambda:CreateFunction20150331': named, 'lambda:UpdateFunctionConfiguration20150331v2': named } as const;

/** The calls that give a function a URL, or change it. */
export const urlCalls = { 'lambda:CreateFunctionUrlConfig': named, 'lambda:UpdateFunctionUrlConfig': named } as const;

/** The calls that say who may call a function. */
export const policyCalls = {
  'lambda:AddPermission20150331v2': named,
  ...urlCalls,
  'lambda:PutResourcePolicy20260709': namedBy('resourceArn'),
} as const;
