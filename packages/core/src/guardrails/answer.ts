import type { GuardrailResult } from './guardrail.js';

type Answer = Omit<GuardrailResult, 'guardrail'>;

/** An answer that restricts nothing. */
export function allow(code: string, message: string, data?: GuardrailResult['data']): Answer {
  return { effect: 'allow', code, message, ...(data === undefined ? {} : { data }) };
}

/** A moment, for people and records. */
export function iso(time: number): string {
  return new Date(time).toISOString();
}
