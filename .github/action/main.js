process.exitCode = require("./run").run("set-up.sh");
