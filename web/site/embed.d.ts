/** <everysec-playground>, which embed.js defines. */

import type { Account, Argument, CrashKind, Moment, Reply, State } from "./everysec.js";

/**
 * A lesson and its server in a frame. Attributes: lesson (its id; without it the
 * first), step, lang, config (directives of redis.conf, separated by ";"), seed,
 * full (also the keyspace and the top line), title (what the frame is called),
 * loading ("lazy" by default, or "eager"). The server's files are in memory: a
 * reload begins anew.
 *
 * Replies are as everysec.d.ts has them. An error reply rejects with an Error
 * whose name is "ReplyError" and whose code is its first word; among the replies of
 * pipeline() it is {name, code, message}.
 */
export interface EverysecPlayground extends HTMLElement {
  /** Resolves when the server takes commands; another lesson begins another promise. */
  readonly ready: Promise<void>;
  command(name: string, ...args: Argument[]): Promise<Reply>;
  pipeline(commands: Argument[][]): Promise<unknown[]>;
  crash(kind?: CrashKind, options?: { at?: Moment; seed?: number }): Promise<Account>;
  restart(): Promise<Account>;
  state(): Promise<State>;
  /** Shows a step of the lesson. */
  goTo(step: string): Promise<void>;
  addEventListener(type: "ready", listener: (event: CustomEvent<null>) => void): void;
  addEventListener(type: "progress", listener: (event: CustomEvent<Progress>) => void): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
}

/** How far the learner is. */
export interface Progress {
  lesson: string;
  /** The step that is being read. */
  step: string;
  /** All steps, and those that are done: their checks pass, their quizzes are answered. */
  steps: string[];
  done: string[];
}

declare global {
  interface HTMLElementTagNameMap {
    "everysec-playground": EverysecPlayground;
  }
}
