// A server with better-auth and SQLite, for comparison. PORT is a port on 127.0.0.1, and DATABASE a file, which is created if
// it is missing. Passwords are hashed with Argon2id at the default cost of pledge4future-auth. All else is the default of
// better-auth, but durable commits (FULL instead of NORMAL), and no rate limits and telemetry.
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import Database from "better-sqlite3";
import * as argon2 from "@node-rs/argon2";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";

const port = Number(process.env.PORT);
const cost = { algorithm: 2 /* Argon2id */, memoryCost: 19456, timeCost: 2, parallelism: 1 };

const database = new Database(process.env.DATABASE);
database.pragma("journal_mode = WAL");
database.pragma("synchronous = FULL");

const options = {
  database,
  baseURL: `http://127.0.0.1:${port}`,
  secret: randomBytes(32).toString("base64"),
  emailAndPassword: {
    enabled: true,
    password: {
      hash: (password) => argon2.hash(password, cost),
      verify: ({ hash, password }) => argon2.verify(hash, password),
    },
  },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
};
const auth = betterAuth(options);
await (await getMigrations(options)).runMigrations();
createServer(toNodeHandler(auth)).listen(port, "127.0.0.1");
