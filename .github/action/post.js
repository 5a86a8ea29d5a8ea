if (require("./run").run("clean-up.sh"))
  console.log(
    "::warning::the post step of docker-credential-ecrx could not undo everything, as the job's log says; " +
      "on a self-hosted runner, remove what is left with docker-credential-ecrx configure --remove --all, and forget --all",
  );
