import type { ConditionFamily } from "./condition.ts";
import { channelCondition, encryptedCondition, transportCondition } from "./conditions/channel.ts";
import { directionCondition } from "./conditions/direction.ts";
import { fileCondition } from "./conditions/file.ts";
import { mediaCondition } from "./conditions/media.ts";
import { fromCondition, toCondition } from "./conditions/party.ts";
import { rateCondition } from "./conditions/rate.ts";
import { scanCondition } from "./conditions/scan.ts";
import { textCondition } from "./conditions/text.ts";
import { timeCondition } from "./conditions/time.ts";
import { urlCondition } from "./conditions/url.ts";

/** Every family of fields that a condition may name. A new one is a file in conditions/ and a line here. */
export const CONDITIONS: readonly ConditionFamily[] = [
  fromCondition,
  toCondition,
  directionCondition,
  channelCondition,
  transportCondition,
  encryptedCondition,
  timeCondition,
  textCondition,
  urlCondition,
  fileCondition,
  mediaCondition,
  scanCondition,
  rateCondition,
];
