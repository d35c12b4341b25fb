import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { ROOT } from "./read-sources.ts";

interface Service {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly dockerfile?: string } | string;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: readonly string[];
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const COMPOSE = parse(readFileSync(join(ROOT, "docker-compose.yml"), "utf8")) as Compose;
const DOCKERFILE = readFileSync(join(ROOT, "Dockerfile"), "utf8");

describe("docker-compose.yml", () => {
  it("has the gateway, Kamailio and clamd", () => {
    expect(Object.keys(COMPOSE.services).toSorted()).toEqual(["clamd", "gateway", "kamailio"]);
  });

  it("shows SIP to the outside at the gateway alone", () => {
    expect(COMPOSE.services["gateway"]?.ports).toEqual(["5060:5060/udp", "5060:5060/tcp"]);
    expect(COMPOSE.services["kamailio"]?.ports).toBeUndefined();
    expect(COMPOSE.services["clamd"]?.ports).toBeUndefined();
  });

  it("keeps the gateway's data in a volume and mounts its rules read-only", () => {
    const volumes = COMPOSE.services["gateway"]?.volumes ?? [];
    const [data] = volumes.filter((volume) => volume.endsWith(":/var/lib/sluice"));
    expect(data).toBeDefined();
    expect(Object.keys(COMPOSE.volumes)).toContain(data?.split(":")[0]);
    expect(volumes.filter((volume) => volume.includes("/etc/sluice")).length).toBeGreaterThan(0);
    const writable = volumes.filter((v) => v.includes("/etc/sluice") && !v.endsWith(":ro"));
    expect(writable).toEqual([]);
  });

  it("mounts only files that are in the repository", () => {
    const mounts = Object.values(COMPOSE.services)
      .flatMap((service) => service.volumes ?? [])
      .map((volume) => volume.split(":")[0] ?? "")
      .filter((source) => source.startsWith("./"));
    expect(mounts.filter((source) => !existsSync(join(ROOT, source)))).toEqual([]);
  });
});

describe("Dockerfile", () => {
  it("builds in stages, runs without privileges and says how it is", () => {
    const images = [...DOCKERFILE.matchAll(/^FROM (\S+)/gm)].map((match) => match[1]);
    expect(images.length).toBeGreaterThanOrEqual(2);
    expect(new Set(images)).toEqual(new Set(["node:24-bookworm-slim"]));
    expect(DOCKERFILE).toMatch(/^USER (?!root)/m);
    expect(DOCKERFILE).toMatch(/^HEALTHCHECK .*\n?.*health/m);
  });
});
