// Workflows of releases before 0.2 call this file; it goes with the release after.
import "../../cli/main.ts";
