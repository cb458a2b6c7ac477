import { type Evaluation, type HandleResult, isRedressError, messageOf, type Redress } from '@redress/core';
import { RetryError } from './retry-error.js';

/** Input of AWS Config's `PutEvaluations`, as far as it is used. */
export interface PutEvaluationsInput {
  ResultToken: string;
  TestMode: boolean;
  Evaluations: {
    ComplianceResourceType: string;
    ComplianceResourceId: string;
    ComplianceType: Evaluation['compliance'];
    Annotation: string;
    OrderingTimestamp: Date;
  }[];
}

/**
 * Sends evaluations to AWS Config. The SDK's command fits.
 *
 * @example (input) => new ConfigServiceClient({}).send(new PutEvaluationsCommand(input))
 * @see https://docs.aws.amazon.com/config/latest/APIReference/API_PutEvaluations.html
 */
export type PutEvaluations = (input: PutEvaluationsInput) => Promise<{ readonly FailedEvaluations?: readonly unknown[] | undefined }>;

/** How many Config accepts in one call. */
const BATCH = 100;

/**
 * Answers the invocation of a custom Config rule. Nothing is answered that was not read: then it comes again, or the earlier result stays.
 *
 * @throws {RetryError} when it may fare better later.
 */
export async function answerRule(
  redress: Pick<Redress, 'evaluate'>,
  put: PutEvaluations,
  event: { readonly resultToken?: unknown },
  result: HandleResult,
  deadline: number,
): Promise<readonly Evaluation[]> {
  const asking = result.results.filter(({ finding }) => finding.disposition === 'evaluate' && finding.kind.startsWith('config-rule-invocation'));
  if (asking.length === 0 || typeof event.resultToken !== 'string' || event.resultToken === '') return [];
  const evaluations: Evaluation[] = [];
  try {
    for (const { finding } of asking) evaluations.push(...(await redress.evaluate(finding, { deadline })));
  } catch (error) {
    if (isRedressError(error) && !error.retryable) throw error;
    throw new RetryError(`The rule could not be answered: ${messageOf(error)}`, { cause: error });
  }
  for (let from = 0; from < evaluations.length; from += BATCH) {
    const { FailedEvaluations = [] } = await put({
      ResultToken: event.resultToken,
      TestMode: event.resultToken === 'TESTMODE',
      Evaluations: evaluations.slice(from, from + BATCH).map((each) => ({
        ComplianceResourceType: each.resourceType,
        ComplianceResourceId: each.resourceId,
        ComplianceType: each.compliance,
        Annotation: each.annotation,
        OrderingTimestamp: new Date(each.orderingTimestamp),
      })),
    });
    if (FailedEvaluations.length > 0) throw new RetryError(`AWS Config did not accept ${FailedEvaluations.length} evaluations.`);
  }
  return evaluations;
}
