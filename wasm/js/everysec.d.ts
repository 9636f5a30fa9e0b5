/** A Redis-compatible server inside this page. */

/** What a command takes: strings are sent as UTF-8, bytes as they are, numbers in decimal. */
export type Argument = string | number | bigint | Uint8Array | ArrayBuffer;

/**
 * What a command replies. Bulk strings that are not valid UTF-8 arrive as
 * bytes; integers beyond 2^53 as bigint; RESP3 maps and sets as Map and Set.
 */
export type Reply =
  | string | number | bigint | boolean | null | Uint8Array | ReplyError
  | Reply[] | Map<Reply, Reply> | Set<Reply>;

/** An error the server replied; its message is Redis's, verbatim. */
export class ReplyError extends Error {
  /** The first word: "ERR", "WRONGTYPE", "NOSCRIPT", ... */
  readonly code: string;
}

/** Everything else that can go wrong. */
export class EngineError extends Error {
  /**
   * CLOSED: the connection ended. LOST: the engine died or the machine
   * crashed before it replied. HOST: the host refused. FATAL: the engine could
   * not start. LOAD: a file of the engine could not be fetched.
   */
  readonly code: "CLOSED" | "LOST" | "HOST" | "FATAL" | "LOAD" | "PROTOCOL";
}

export interface Options {
  /**
   * "idb://NAME" keeps the files in IndexedDB, "memory:" (the default) nowhere.
   * Where IndexedDB does not work the engine runs in memory and
   * state().storeText says why.
   */
  store?: string;
  /** Directives of redis.conf, over the defaults and over a stored redis.conf. */
  config?: Record<string, string>;
  /** Everything random in the engine follows from it. Default: a random one. */
  seed?: number;
  onNotice?: (notice: Notice) => void;
}

/** Something that happened to the host rather than to the data. */
export interface Notice {
  kind:
    | "ready" | "down" | "crashed"
    /** The engine died; a new one starts from the files. */
    | "fatal"
    /** It died again and again: the new one has the files, and waits for restart(). */
    | "held"
    /** No engine is left: it died even so, or close() was called. */
    | "over"
    | "store-memory" | "store-busy" | "store-taken" | "store-unknown" | "store-full" | "store-failed" | "store-saves" | "store-volatile" | "store-emptied"
    /** Another moment, of this run or of another, is the present now. */
    | "run"
    /** The browser does not keep the record of the run, though it should. */
    | "run-unkept"
    /** Somebody else has changed what state() or disk() tell. */
    | "state";
  text: string;
}

/** One connection. Its replies come in the order of its commands. */
export interface Client {
  /** Resolves with the reply; an error reply rejects with a ReplyError. */
  command(name: string, ...args: Argument[]): Promise<Reply>;
  /** Sends all at once; error replies are values among the others. */
  pipeline(commands: Argument[][]): Promise<Reply[]>;
  /** "push": messages and confirmations of subscriptions, MONITOR lines. Returns the way to stop. */
  on(event: "push", listener: (message: Reply) => void): () => void;
  on(event: "close", listener: (why: EngineError) => void): () => void;
  close(): void;
}

/** "bit-rot": shut down in good order, and then bits turn on the disk. */
export type CrashKind = "kill-9" | "power-loss" | "power-loss-torn" | "bit-rot";

/** When a crash strikes; a number: before the n-th operation from now that changes the disk. */
export type Moment = "now" | "during-fsync" | "before-rename" | "after-rename" | "before-write" | "after-write" | number;

/** What the disk has been told to do. */
export interface Disk {
  /** The crash that is waited for. */
  armed: { kind: CrashKind; seed: number; at: Moment } | null;
  /** An fsync says that it is done, and saves nothing. */
  lyingFsync: boolean;
  /** So many of the next fsyncs fail. */
  failedFsyncs: number;
  /** No fsync ends. */
  hungFsync: boolean;
  /** So many milliseconds an fsync takes longer. */
  slowFsync: number;
  /** Bytes; Infinity: no limit. */
  free: number;
}

/** What became of a key: gone because its time was up is "expired", deleted before and back now is "returned"; "open" differs, but its newest write had not been acknowledged. */
export type Fate = "survived" | "reverted" | "lost" | "returned" | "expired" | "open";

/** What became of every write that was made before a crash. Times are microseconds since 1970, sizes and offsets bytes. */
export interface CrashReport {
  /** "exit": the server ended by itself, by SHUTDOWN or an error. */
  kind: "process-kill" | "power-cut" | "torn-tail" | "exit";
  at: number;
  recoveredAt: number;
  /** Acknowledged writes: acknowledged = survived + lost + unknown. */
  acknowledged: number;
  survived: number;
  lost: number;
  /** Nobody can tell any more: a damaged base had them. */
  unknown: number;
  /** Of those that survived: no sync had saved them. */
  unsynced: number;
  /** Made, but not yet answered. */
  unacknowledged: number;
  /** Counted, but not among those told one by one by DEBUG CRASH-REPORT. */
  summarised: number;
  /** What the start has read: bytes found, and bytes of them that it believed. */
  files: { name: string; found: number; read: number }[];
  /** Newest first; of those that were lost, and of the others, the newest 500, and in an Account the newest 10,000. */
  writes: CrashWrite[];
}

export interface CrashWrite {
  change: number;
  time: number;
  /** 0: the server itself, for a key that expired or was evicted. */
  client: number;
  db: number;
  /** The beginning of what the append-only file says; "..." where it is cut. */
  command: string;
  keys: string[];
  acknowledged: boolean;
  fate: "lost" | "survived" | "unknown";
  /** Where it stood, or the snapshot that has it; "": nowhere. */
  file: string;
  offset: number;
  size: number;
  /** 0: never. */
  syncedAt: number;
  /** Why, in words. */
  reason: string;
  /** The next write in the report to one of its keys; 0: none. */
  later: number;
}

/** A key before a crash and after recovery: null where it was not there, and before where it survived or nobody knows. */
export interface KeyFate {
  db: number;
  key: string;
  fate: Fate;
  before: KeyState | null;
  after: KeyState | null;
}

export interface KeyState {
  /** The beginning of its value, in words. */
  value: string;
  /** Milliseconds since 1970, 0: never. */
  expireAt: number;
}

/** What a crash cost. Before restart() only kind, seed and acknowledged are known. */
export interface Account {
  kind: CrashKind;
  seed: number;
  /** Writes whose reply had been sent. */
  acknowledged: number;
  complete: boolean;
  survivedWrites: number;
  lostWrites: number;
  /** Keys, by what became of them. */
  counts: Record<Fate, number>;
  /** At most 100,000 keys, those that did not survive first. */
  keys: KeyFate[];
  /** Why recovery failed, or "". */
  error: string;
  /** Write by write; null before restart(). */
  report: CrashReport | null;
  /** Engine time of the crash, milliseconds since 1970. */
  at: number;
  /** Acknowledged writes that were not on the disk then, and not even in the page cache. */
  unsynced: number;
  unwritten: number;
  /** What the disk was asked for at that moment; "": nothing. */
  operation: string;
}

export interface State {
  /** Engine time and real time, milliseconds since 1970. */
  now: number;
  wall: number;
  /** Engine seconds in a real second. */
  speed: number;
  paused: boolean;
  /** "waiting": another tab owns the store; see takeOver and copy. */
  phase: "down" | "loading" | "running" | "waiting";
  store: "memory" | "indexeddb" | "waiting";
  storeText: string;
  name: string;
  seed: number;
  error: string;
}

export interface Clock {
  pause(): Promise<State>;
  resume(): Promise<State>;
  /** Between 1/1000 and 1000. */
  speed(factor: number): Promise<State>;
  /** Forward only; also while paused. Everything that falls due happens at once. */
  advance(milliseconds: number): Promise<State>;
  /** Forward to the next thing that time brings; resolves with what it was. */
  step(): Promise<string>;
}

export interface Run {
  /** Everything that came in since the engine started, as a file; or one of the runs that are kept. */
  save(id?: string): Promise<Uint8Array>;
  /**
   * Plays a saved run to its end, to the same bytes in memory and in the files,
   * and makes that the present. Clients are closed, and everything that was
   * there is replaced. warning is "" unless the run was recorded by a version
   * that worked differently.
   */
  load(file: ArrayBuffer | Uint8Array): Promise<State & { warning: string }>;
  /** What the browser keeps: of this run, and of those of this store that are over. */
  kept(): Promise<KeptRuns>;
  forget(...ids: string[]): Promise<KeptRuns>;
}

export interface KeptRuns {
  /**
   * Whether this run outlives the page: "nowhere" without a lasting store, "later"
   * as long as nobody has done anything, "unkept" where the browser refuses.
   */
  keeping: "nowhere" | "later" | "here" | "unkept";
  /** Of its record. What came in within the last second may not be among them. */
  bytes: number;
  why: string;
  /** The newest first. */
  runs: {
    id: string;
    version: number;
    began: number;
    ended: number;
    /** Messages in which somebody did something. */
    inputs: number;
    /** Of the record, and how many of them are there. */
    bytes: number;
    kept: number;
    /** The record reached its limit before the run ended. */
    full: boolean;
    /** This page left it for another moment. */
    left: boolean;
  }[];
}

/** Figures in events are microseconds and bytes; times are since 1970. */
export interface Events {
  change: {
    db: number; key: string; keyLength: number; type: string; encoding: string; memory: number;
    elements: number; expireAt: number; change: number; inSnapshot: boolean;
  };
  remove: { db: number; key: string; keyLength: number; reason: string };
  flush: { db: number };
  swap: { a: number; b: number };
  durability: {
    now: number; last: number; acknowledged: number; written: number; synced: number;
    bufferedBytes: number; writtenBytes: number; syncedBytes: number; oldestUnsyncedAt: number;
    snapshotChange: number; snapshotAt: number; snapshotBytes: number; syncInFlight: boolean; aofEnabled: boolean;
    /** How many of them the page's background load made, up to last, acknowledged and so on. */
    asideLast: number; asideAcknowledged: number; asideWritten: number; asideSynced: number; asideSnapshot: number;
  };
  command: { client: number; name: string; start: number; duration: number; waited: number; preview: string };
  clients: { clients: { id: number; name: string; db: number; flags: number; queue: number }[] };
  job: { kind: string; phase: string; done: number; total: number; copied: number; micros: number };
  stats: {
    now: number; keys: number; withTTL: number; memory: number; commands: number;
    expiredKeys: number; evictedKeys: number; blockedTotal: number;
  };
  log: { at: number; level: string; text: string };
  /** After a start: what became of the writes of the server before. */
  "crash-report": CrashReport;
  /** More happened than was told. */
  overflow: Record<string, never>;
  notice: Notice;
  crash: undefined;
  ready: undefined;
  /** The engine died; a new one starts from the files. */
  fatal: string;
}

export interface Database {
  readonly clock: Clock;
  readonly run: Run;
  command(name: string, ...args: Argument[]): Promise<Reply>;
  pipeline(commands: Argument[][]): Promise<Reply[]>;
  /** Another client: transactions, blocking commands and subscriptions are its own. */
  connect(name?: string): Client;
  /** Returns the way to stop listening. */
  on<E extends keyof Events>(event: E, listener: (detail: Events[E]) => void): () => void;
  /**
   * The machine goes down, now or at a moment; resolves when it has happened. The
   * same seed does the same damage to the same disk. One crash is waited for at a
   * time: another one, disarm(), restart() and whatever replaces the files reject it.
   */
  crash(kind?: CrashKind, options?: { at?: Moment; seed?: number } | number): Promise<Account>;
  disarm(): Promise<Disk>;
  disk(): Promise<Disk>;
  /** Sets up the disk: "none" ends all faults; see Disk for what the value says. */
  fault(what: "none" | "lying-fsync" | "failed-fsync" | "hung-fsync" | "slow-fsync" | "full-disk", value?: number | boolean): Promise<Disk>;
  /** Starts the server again and resolves when it has recovered. */
  restart(): Promise<Account>;
  /** Written and synced sizes in bytes. */
  files(): Promise<{ name: string; size: number; synced: number }[]>;
  readFile(name: string): Promise<Uint8Array>;
  /** Replaces everything. A file that cannot be loaded rejects and changes nothing. A Blob is read by the worker, off this thread. */
  importRDB(bytes: Uint8Array | ArrayBuffer | Blob): Promise<State>;
  /** The same with a whole data directory, by name: "dump.rdb", or "appendonlydir/appendonly.aof.manifest" and what it names. */
  importFiles(files: Record<string, Uint8Array | ArrayBuffer | Blob>): Promise<State>;
  /** The same with a zip as exportZip() makes it. */
  importZip(zip: Uint8Array | ArrayBuffer): Promise<State>;
  /** The same with one append only file. */
  importAOF(bytes: Uint8Array | ArrayBuffer | Blob): Promise<State>;
  /** Undoes the last import or erase(): files and memory are as they were. */
  undo(): Promise<State>;
  /** dump.rdb and appendonlydir, for a redis-server. */
  exportZip(): Promise<Uint8Array>;
  /** Removes every file and starts empty. */
  erase(): Promise<State>;
  /** Another tab owns the store: take it from there, or run in memory on a copy. */
  takeOver(): Promise<State>;
  copy(): Promise<State>;
  /** A zip of whatever is stored, also if its format is not understood. */
  rawStore(): Promise<Uint8Array>;
  /** How many more bytes the disk takes; Infinity: no limit. */
  freeSpace(bytes: number): Promise<State>;
  /** Runs throwaway commands until the browser has compiled the engine well. */
  warm(commands?: number): Promise<void>;
  state(): Promise<State>;
  /** Ends the engine as closing the tab would. */
  close(): Promise<void>;
}

/** Starts fetching and compiling before open is called. */
export function prepare(): void;

/** Resolves when the server takes commands (it may still be loading). */
export function open(options?: Options): Promise<Database>;
