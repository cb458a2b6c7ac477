// A thread that serves many runs: what it asks gets a response, whether a run listens or not. Vitest waits for all responses at the end of each run.
import { EventEmitter } from 'node:events';
import { beforeEach, describe, expect, it } from 'vitest';
import { WarmThread } from '../../campaign/warm-worker.js';

/** A thread, as its parent sees it. */
class Thread extends EventEmitter {
  readonly sent: object[] = [];
  start = async () => undefined;
  send = (message: object) => void this.sent.push(message);
  /** A call of the thread. */
  call(id: string, method: string) {
    this.emit('message', { t: 'q', i: id, m: method, a: [] });
  }
}

let thread: Thread;
let warm: WarmThread;
let heard: unknown[];
/** A run begins in the thread. */
const begin = () => {
  heard = [];
  warm.attend((message) => heard.push(message));
  thread.emit('message', { __vitest_worker_response__: true, type: 'started' });
};
beforeEach(async () => {
  thread = new Thread();
  warm = new WarmThread(thread as never);
  await warm.start();
});

describe('a call from a thread', () => {
  it('is passed to the run, which responds', () => {
    begin();
    thread.call('1', 'fetch');
    expect(heard).toMatchObject([{ type: 'started' }, { i: '1', m: 'fetch' }]);
    warm.send({ t: 's', i: '1', r: 'code' });
    warm.leave();
    expect(thread.sent).toEqual([{ t: 's', i: '1', r: 'code' }]);
  });

  it('gets a response when the run ends without one', () => {
    begin();
    thread.call('1', 'onTaskUpdate');
    warm.leave();
    expect(thread.sent).toEqual([{ t: 's', i: '1' }]);
    warm.leave();
    expect(thread.sent).toHaveLength(1);
  });

  it('gets a response at once between two runs, and is not a call of the next run', () => {
    begin();
    warm.leave();
    thread.call('1', 'onUserConsoleLog');
    warm.attend((message) => heard.push(message));
    thread.call('2', 'onUnhandledError');
    begin();
    expect(thread.sent).toEqual([
      { t: 's', i: '1' },
      { t: 's', i: '2' },
    ]);
    expect(heard).toMatchObject([{ type: 'started' }]);
  });

  it.each(['fetch', 'resolve', 'transform'])('fails between two runs if what asks needs the result: %s', (method) => {
    thread.call('1', method);
    expect(thread.sent).toEqual([{ t: 's', i: '1', e: new Error(`The run that asked for ${method} has ended.`) }]);
  });
});
