import type { Fact } from '@redress/core';
import type { Check } from './facts.js';

/** A check that is well. */
export const ok = (code: string, where: string, saw: string): Check => ({ code, status: 'ok', where, saw, next: null });
/** Something to look at. */
export const warn = (code: string, where: string, saw: string, next: string): Check => ({ code, status: 'warn', where, saw, next });
/** Gaps stay open, or go unseen. */
export const fail = (code: string, where: string, saw: string, next: string): Check => ({ code, status: 'fail', where, saw, next });
/** Could not be read. */
export const unknown = (
  code: string,
  where: string,
  error: string,
  next = 'Allow the read, or use credentials with the permission. Until then the result is unknown.',
): Check => ({ code, status: 'unknown', where, saw: error, next });

/** The checks of a fact, or that it could not be read. */
export function read<T>(code: string, where: string, fact: Fact<T>, check: (value: T) => readonly Check[]): readonly Check[] {
  return fact.ok ? check(fact.value) : [unknown(code, where, fact.error)];
}
