import { isRecord } from '@redress/core';

/** The statements of a policy; null: it cannot be understood. */
export function statementsOf(policy: string): readonly Readonly<Record<string, unknown>>[] | null {
  try {
    const document: unknown = JSON.parse(policy);
    const statements = isRecord(document) ? [document['Statement']].flat() : null;
    return statements?.every(isRecord) === true ? statements : null;
  } catch {
    return null;
  }
}

/** Whether a statement of a bucket policy lets S3 deliver access logs. A policy that cannot be understood is taken to. */
export function letsLogsIn(policy: string | undefined): boolean {
  if (policy === undefined) return false;
  return (
    statementsOf(policy)?.some(
      (each) => each['Effect'] === 'Allow' && isRecord(each['Principal']) && [each['Principal']['Service']].flat().includes('logging.s3.amazonaws.com'),
    ) ?? true
  );
}
