// On the highly available stack, before the next file attacks it.
import { restoreDrill } from "../drill/restore";
import { machines } from "./group";
import { engine, highlyAvailable } from "./stack";

describe(`a restore, by ${engine},`, function () {
  this.timeout(300_000);

  restoreDrill(highlyAvailable, machines);
});
