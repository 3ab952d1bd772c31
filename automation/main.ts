// For one more release: containers of one's own name it.
import "./main.mjs";
