# Completions for fish, printed by 'varve debug completions fish'.

function __varve_at
	set -l path
	set -l skip 0
	for word in (commandline -opc)[2..-1]
		if test $skip = 1
			set skip 0
			continue
		end
		switch "$path $word"
			case ' --store'
				set skip 1
			case 'build --add-host'
				set skip 1
			case 'build --allow'
				set skip 1
			case 'build --annotation'
				set skip 1
			case 'build --build-arg'
				set skip 1
			case 'build --build-context'
				set skip 1
			case 'build --cache-commit'
				set skip 1
			case 'build --cache-from'
				set skip 1
			case 'build --cache-to'
				set skip 1
			case 'build --call'
				set skip 1
			case 'build --file' 'build -f'
				set skip 1
			case 'build --iidfile'
				set skip 1
			case 'build --jobs' 'build -j'
				set skip 1
			case 'build --jobserver'
				set skip 1
			case 'build --jobserver-style'
				set skip 1
			case 'build --label'
				set skip 1
			case 'build --layers'
				set skip 1
			case 'build --memory-reserve'
				set skip 1
			case 'build --metadata-file'
				set skip 1
			case 'build --network'
				set skip 1
			case 'build --no-cache-filter'
				set skip 1
			case 'build --output' 'build -o'
				set skip 1
			case 'build --platform'
				set skip 1
			case 'build --progress'
				set skip 1
			case 'build --resource'
				set skip 1
			case 'build --secret'
				set skip 1
			case 'build --shm-size'
				set skip 1
			case 'build --ssh'
				set skip 1
			case 'build --tag' 'build -t'
				set skip 1
			case 'build --target'
				set skip 1
			case 'build --ulimit'
				set skip 1
			case 'build --store'
				set skip 1
			case 'bake --allow'
				set skip 1
			case 'bake --call'
				set skip 1
			case 'bake --file' 'bake -f'
				set skip 1
			case 'bake --jobs' 'bake -j'
				set skip 1
			case 'bake --jobserver'
				set skip 1
			case 'bake --jobserver-style'
				set skip 1
			case 'bake --list'
				set skip 1
			case 'bake --metadata-file'
				set skip 1
			case 'bake --progress'
				set skip 1
			case 'bake --resource'
				set skip 1
			case 'bake --set'
				set skip 1
			case 'bake --var'
				set skip 1
			case 'bake --store'
				set skip 1
			case 'states --format'
				set skip 1
			case 'states --store'
				set skip 1
			case 'history --format'
				set skip 1
			case 'history --limit' 'history -n'
				set skip 1
			case 'history --store'
				set skip 1
			case 'shell --allow'
				set skip 1
			case 'shell --env' 'shell -e'
				set skip 1
			case 'shell --network'
				set skip 1
			case 'shell --resource'
				set skip 1
			case 'shell --secret'
				set skip 1
			case 'shell --shm-size'
				set skip 1
			case 'shell --ssh'
				set skip 1
			case 'shell --ulimit'
				set skip 1
			case 'shell --user' 'shell -u'
				set skip 1
			case 'shell --workdir' 'shell -w'
				set skip 1
			case 'shell --store'
				set skip 1
			case 'mount --options' 'mount -o'
				set skip 1
			case 'mount --store'
				set skip 1
			case 'umount --store'
				set skip 1
			case 'diff --format'
				set skip 1
			case 'diff --store'
				set skip 1
			case 'ls --format'
				set skip 1
			case 'ls --store'
				set skip 1
			case 'cat --store'
				set skip 1
			case 'log --after-context' 'log -A'
				set skip 1
			case 'log --before-context' 'log -B'
				set skip 1
			case 'log --context' 'log -C'
				set skip 1
			case 'log --format'
				set skip 1
			case 'log --grep' 'log -g'
				set skip 1
			case 'log --stream'
				set skip 1
			case 'log --store'
				set skip 1
			case 'explain --format'
				set skip 1
			case 'explain --store'
				set skip 1
			case 'pin --format'
				set skip 1
			case 'pin --name'
				set skip 1
			case 'pin --store'
				set skip 1
			case 'unpin --store'
				set skip 1
			case 'snapshot --store'
				set skip 1
			case 'images --format'
				set skip 1
			case 'images --store'
				set skip 1
			case 'tag --store'
				set skip 1
			case 'rmi --store'
				set skip 1
			case 'inspect --part'
				set skip 1
			case 'inspect --store'
				set skip 1
			case 'pull --platform'
				set skip 1
			case 'pull --store'
				set skip 1
			case 'push --compression'
				set skip 1
			case 'push --store'
				set skip 1
			case 'save --compression'
				set skip 1
			case 'save --format'
				set skip 1
			case 'save --layers'
				set skip 1
			case 'save --output' 'save -o'
				set skip 1
			case 'save --store'
				set skip 1
			case 'import --message' 'import -m'
				set skip 1
			case 'import --name' 'import -t'
				set skip 1
			case 'import --platform'
				set skip 1
			case 'import --store'
				set skip 1
			case 'load --input' 'load -i'
				set skip 1
			case 'load --name' 'load -t'
				set skip 1
			case 'load --platform'
				set skip 1
			case 'load --select'
				set skip 1
			case 'load --store'
				set skip 1
			case 'cache --store'
				set skip 1
			case 'du --format'
				set skip 1
			case 'du --store'
				set skip 1
			case 'prune --filter'
				set skip 1
			case 'prune --format'
				set skip 1
			case 'prune --keep-storage'
				set skip 1
			case 'prune --max-used-space'
				set skip 1
			case 'prune --min-free-space'
				set skip 1
			case 'prune --reserved-space'
				set skip 1
			case 'prune --store'
				set skip 1
			case 'gc --store'
				set skip 1
			case 'fsck --store'
				set skip 1
			case 'doctor --format'
				set skip 1
			case 'doctor --store'
				set skip 1
			case 'version --format'
				set skip 1
			case 'version --store'
				set skip 1
			case 'help --store'
				set skip 1
			case 'debug --store'
				set skip 1
			case 'snapshot prepare --store'
				set skip 1
			case 'snapshot view --store'
				set skip 1
			case 'snapshot commit --message' 'snapshot commit -m'
				set skip 1
			case 'snapshot commit --tag' 'snapshot commit -t'
				set skip 1
			case 'snapshot commit --store'
				set skip 1
			case 'snapshot rm --store'
				set skip 1
			case 'snapshot ls --format'
				set skip 1
			case 'snapshot ls --store'
				set skip 1
			case 'snapshot stat --format'
				set skip 1
			case 'snapshot stat --store'
				set skip 1
			case 'snapshot usage --format'
				set skip 1
			case 'snapshot usage --store'
				set skip 1
			case 'snapshot mounts --format'
				set skip 1
			case 'snapshot mounts --store'
				set skip 1
			case 'cache ls --format'
				set skip 1
			case 'cache ls --store'
				set skip 1
			case 'cache mount --store'
				set skip 1
			case 'cache diff --format'
				set skip 1
			case 'cache diff --store'
				set skip 1
			case 'cache rollback --store'
				set skip 1
			case 'cache rm --store'
				set skip 1
			case 'debug completions --store'
				set skip 1
			case ' build' ' bake' ' states' ' history' ' shell' ' mount' ' umount' ' diff' ' ls' ' cat' ' log' ' explain' ' pin' ' unpin' ' snapshot' ' images' ' tag' ' rmi' ' inspect' ' pull' ' push' ' save' ' import' ' load' ' cache' ' du' ' prune' ' gc' ' fsck' ' doctor' ' version' ' help' ' debug' 'snapshot prepare' 'snapshot view' 'snapshot commit' 'snapshot rm' 'snapshot ls' 'snapshot stat' 'snapshot usage' 'snapshot mounts' 'cache ls' 'cache mount' 'cache diff' 'cache rollback' 'cache rm' 'debug completions'
				set -a path $word
		end
	end
	test "$path" = "$argv[1]"
end

complete -c varve -f
complete -c varve -n '__varve_at ""' -a build -d 'Build an image from a Dockerfile'
complete -c varve -n '__varve_at ""' -a bake -d 'Build what a bake or compose file describes'
complete -c varve -n '__varve_at ""' -a states -d 'List the states that the steps of a build have left'
complete -c varve -n '__varve_at ""' -a history -d 'List builds, newest first'
complete -c varve -n '__varve_at ""' -a shell -d 'Work in a state as the step that left it did'
complete -c varve -n '__varve_at ""' -a mount -d 'Look into a state: mount it at a directory'
complete -c varve -n '__varve_at ""' -a umount -d 'End what \'varve mount\' began'
complete -c varve -n '__varve_at ""' -a diff -d 'List what differs between two states, or what a step has changed'
complete -c varve -n '__varve_at ""' -a ls -d 'List the files of a state'
complete -c varve -n '__varve_at ""' -a cat -d 'Write the content of files of a state'
complete -c varve -n '__varve_at ""' -a log -d 'Show what the step that made a state has printed'
complete -c varve -n '__varve_at ""' -a explain -d 'Say what a step was done anew for'
complete -c varve -n '__varve_at ""' -a pin -d 'Keep a state, whatever is pruned'
complete -c varve -n '__varve_at ""' -a unpin -d 'Let go of a state that was pinned'
complete -c varve -n '__varve_at ""' -a snapshot -d 'Build layers by hand: workspaces that are kept, and committed'
complete -c varve -n '__varve_at ""' -a images -d 'List the images of the store'
complete -c varve -n '__varve_at ""' -a tag -d 'Give an image or a state another name'
complete -c varve -n '__varve_at ""' -a rmi -d 'Take names of images away'
complete -c varve -n '__varve_at ""' -a inspect -d 'Show what is known of an image or a state, as JSON'
complete -c varve -n '__varve_at ""' -a pull -d 'Bring in images from their registries'
complete -c varve -n '__varve_at ""' -a push -d 'Send an image to a registry'
complete -c varve -n '__varve_at ""' -a save -d 'Write an image as an archive'
complete -c varve -n '__varve_at ""' -a import -d 'Make an image of a root filesystem: an archive or a directory'
complete -c varve -n '__varve_at ""' -a load -d 'Bring in images: an OCI layout, or the archive of one or of \'docker save\''
complete -c varve -n '__varve_at ""' -a cache -d 'See to the caches of RUN --mount=type=cache'
complete -c varve -n '__varve_at ""' -a du -d 'Say what takes how much room'
complete -c varve -n '__varve_at ""' -a prune -d 'Let go of states that were not used for long, and free their room'
complete -c varve -n '__varve_at ""' -a gc -d 'Delete what nothing refers to any more'
complete -c varve -n '__varve_at ""' -a fsck -d 'Check everything in the store'
complete -c varve -n '__varve_at ""' -a doctor -d 'Say what this host allows, and how to mend what it does not'
complete -c varve -n '__varve_at ""' -a version -d 'Show the version, and what it was built with and runs on'
complete -c varve -n '__varve_at ""' -a help -d 'Explain a command'
complete -c varve -n '__varve_at ""' -a debug -d 'Look inside varve itself'
complete -c varve -n '__varve_at ""' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at ""' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at ""' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at ""' -s v -l version -d 'Print the version and quit'
complete -c varve -n '__varve_at "build"' -a '(__fish_complete_directories)'
complete -c varve -n '__varve_at "build"' -l add-host -x -d 'Add a line to /etc/hosts of every RUN'
complete -c varve -n '__varve_at "build"' -l allow -x -d 'Allow RUN what it asks for: network.host, security.insecure'
complete -c varve -n '__varve_at "build"' -l all-stages -d 'Build all stages, also those that no target needs'
complete -c varve -n '__varve_at "build"' -l annotation -x -d 'Add an annotation to the image\'s manifest'
complete -c varve -n '__varve_at "build"' -l build-arg -x -d 'Give a value to an ARG; without one, that of the environment'
complete -c varve -n '__varve_at "build"' -l build-context -x -d 'A directory, URL, repository or oci-layout://DIR[:TAG] that stands for the stage or image NAME'
complete -c varve -n '__varve_at "build"' -l cache-commit -x -a 'success always' -d 'Keep what a RUN wrote to its cache mounts: if it succeeds, or always'
complete -c varve -n '__varve_at "build"' -l cache-from -x -d 'Find steps that another store has put there, too: \'type=local,src=DIR\', \'type=registry,ref=NAME\', or a name'
complete -c varve -n '__varve_at "build"' -l cache-to -x -d 'Put the steps of this build there, for other stores: \'type=local,dest=DIR\' or \'type=registry,ref=NAME\', or into the image: \'type=inline\''
complete -c varve -n '__varve_at "build"' -l call -x -d 'What to do with the Dockerfile: build, check, outline or targets; with \',format=json\' as JSON'
complete -c varve -n '__varve_at "build"' -l check -d 'As --call=check: check the Dockerfile, and build nothing'
complete -c varve -n '__varve_at "build"' -s f -l file -r -F -d 'The Dockerfile, in place of PATH/Dockerfile; \'-\' for standard input'
complete -c varve -n '__varve_at "build"' -l iidfile -r -F -d 'Write the image\'s id to a file'
complete -c varve -n '__varve_at "build"' -s j -l jobs -x -d 'How many steps may be under way at once (0: as fits the machine)'
complete -c varve -n '__varve_at "build"' -l jobserver -x -d 'Let make and its like run so many jobs in all RUNs together: a number, auto or off'
complete -c varve -n '__varve_at "build"' -l jobserver-style -x -a 'pipe fifo' -d 'How it is called: pipe, or fifo for ninja and for make from 4.4 on'
complete -c varve -n '__varve_at "build"' -s k -l keep-going -d 'When a step fails, go on with all that does not need it'
complete -c varve -n '__varve_at "build"' -l label -x -d 'Add a label to the image'
complete -c varve -n '__varve_at "build"' -l layers -x -d 'Layers of the image: one for each step or stage, squash for one on top of the base image, or pack:N for at most N'
complete -c varve -n '__varve_at "build"' -l load -d 'Into the store; that is where images go anyway without --output'
complete -c varve -n '__varve_at "build"' -l memory-reserve -x -d 'Begin no further RUN while less memory than this is available (default: a sixteenth of all; 0: never wait)'
complete -c varve -n '__varve_at "build"' -l metadata-file -r -F -d 'Write what is known of the result to a file, as JSON'
complete -c varve -n '__varve_at "build"' -l network -x -a 'default none host' -d 'Network of every RUN that does not ask for another'
complete -c varve -n '__varve_at "build"' -l no-cache -d 'Do every step anew'
complete -c varve -n '__varve_at "build"' -l no-cache-filter -x -d 'Do the steps of these stages anew'
complete -c varve -n '__varve_at "build"' -s o -l output -x -d 'Where the result goes: type=image|registry|oci|docker|local|tar,dest=PATH'
complete -c varve -n '__varve_at "build"' -l platform -x -d 'Build for these platforms, all in one build'
complete -c varve -n '__varve_at "build"' -l precise -d 'Keep what each RUN looks at, and do not run it again while that is the same'
complete -c varve -n '__varve_at "build"' -l progress -x -a 'auto none plain quiet rawjson tty' -d 'How to show what is going on'
complete -c varve -n '__varve_at "build"' -l pull -d 'Ask the registries also for images that the store has'
complete -c varve -n '__varve_at "build"' -l push -d 'As --output type=registry'
complete -c varve -n '__varve_at "build"' -s q -l quiet -d 'Show nothing, and print the image\'s id at the end'
complete -c varve -n '__varve_at "build"' -l replay -d 'Show again what CACHED steps printed when they ran'
complete -c varve -n '__varve_at "build"' -l resource -x -d 'A limit of every RUN as a whole, such as memory=2g or cpu-quota=150000'
complete -c varve -n '__varve_at "build"' -l secret -x -d 'A secret for RUN --mount=type=secret: id=ID[,src=FILE|,env=NAME]'
complete -c varve -n '__varve_at "build"' -l shm-size -x -d 'Size of /dev/shm in every RUN (default 64m)'
complete -c varve -n '__varve_at "build"' -l ssh -x -d 'An ssh agent for RUN --mount=type=ssh; \'default\' is your own'
complete -c varve -n '__varve_at "build"' -s t -l tag -x -d 'Name of the image, NAME[:TAG]; may be given more than once'
complete -c varve -n '__varve_at "build"' -l target -x -d 'Build these stages, in place of the last one: names, or patterns such as \'test-*\''
complete -c varve -n '__varve_at "build"' -l ulimit -x -d 'A limit of every RUN, such as nofile=1024'
complete -c varve -n '__varve_at "build"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "build"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "build"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "bake"' -l allow -x -d 'Allow RUN what it asks for: network.host, security.insecure'
complete -c varve -n '__varve_at "bake"' -l call -x -d 'What to do with each Dockerfile: build, check, outline or targets'
complete -c varve -n '__varve_at "bake"' -l check -d 'As --call=check'
complete -c varve -n '__varve_at "bake"' -s f -l file -r -F -d 'A bake or compose file, \'-\' for standard input; later ones go before earlier ones'
complete -c varve -n '__varve_at "bake"' -s j -l jobs -x -d 'How many steps of all targets may be under way at once'
complete -c varve -n '__varve_at "bake"' -l jobserver -x -d 'Let make and its like run so many jobs in all RUNs together: a number, auto or off'
complete -c varve -n '__varve_at "bake"' -l jobserver-style -x -a 'pipe fifo' -d 'How it is called: pipe, or fifo for ninja and for make from 4.4 on'
complete -c varve -n '__varve_at "bake"' -s k -l keep-going -d 'When a step fails, go on with all that does not need it'
complete -c varve -n '__varve_at "bake"' -l list -x -a 'targets variables' -d 'List the targets or the variables, and build nothing'
complete -c varve -n '__varve_at "bake"' -l load -d 'Into the store; that is where images go anyway'
complete -c varve -n '__varve_at "bake"' -l metadata-file -r -F -d 'Write what is known of the results to a file, as JSON'
complete -c varve -n '__varve_at "bake"' -l no-cache -d 'Do every step anew'
complete -c varve -n '__varve_at "bake"' -l print -d 'Show what would be built, as JSON'
complete -c varve -n '__varve_at "bake"' -l progress -x -a 'auto none plain quiet rawjson tty' -d 'How to show what is going on'
complete -c varve -n '__varve_at "bake"' -l pull -d 'Ask the registries also for images that the store has'
complete -c varve -n '__varve_at "bake"' -l push -d 'As --set \'*.output=type=registry\''
complete -c varve -n '__varve_at "bake"' -l resource -x -d 'A limit of every RUN as a whole, such as memory=2g or cpu-quota=150000'
complete -c varve -n '__varve_at "bake"' -l set -x -d 'Give a target, or all that a pattern fits, another value'
complete -c varve -n '__varve_at "bake"' -l var -x -d 'Give a variable another value'
complete -c varve -n '__varve_at "bake"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "bake"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "bake"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "states"' -l format -x -a 'table json' -d 'How to write it'
complete -c varve -n '__varve_at "states"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "states"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "states"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "history"' -l format -x -a 'table json' -d 'How to write it'
complete -c varve -n '__varve_at "history"' -s n -l limit -x -d 'How many builds to list'
complete -c varve -n '__varve_at "history"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "history"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "history"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "shell"' -l allow -x -d 'Allow what the step had: security.insecure'
complete -c varve -n '__varve_at "shell"' -s e -l env -x -d 'A variable more; without a value, that of the environment'
complete -c varve -n '__varve_at "shell"' -l network -x -a 'default none host' -d 'The network, in place of the step\'s'
complete -c varve -n '__varve_at "shell"' -s T -l no-tty -d 'Pipes, also where there is a terminal'
complete -c varve -n '__varve_at "shell"' -l resource -x -d 'A limit of all its processes together, such as memory=2g or cpu-quota=150000'
complete -c varve -n '__varve_at "shell"' -l secret -x -d 'A secret that the step had mounted: id=ID[,src=FILE|,env=NAME]'
complete -c varve -n '__varve_at "shell"' -l shm-size -x -d 'Size of /dev/shm (default 64m)'
complete -c varve -n '__varve_at "shell"' -l ssh -x -d 'An ssh agent that the step had; \'default\' is your own'
complete -c varve -n '__varve_at "shell"' -l ulimit -x -d 'A limit of each process, such as nofile=1024'
complete -c varve -n '__varve_at "shell"' -s u -l user -x -d 'Whom to be, in place of the step\'s user'
complete -c varve -n '__varve_at "shell"' -s w -l workdir -x -d 'Where to begin, in place of the step\'s directory'
complete -c varve -n '__varve_at "shell"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "shell"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "shell"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "mount"' -a '(__fish_complete_directories)'
complete -c varve -n '__varve_at "mount"' -l all -d 'The whole history as one tree: DIRECTORY/BUILD/STAGE/STEP/, and images'
complete -c varve -n '__varve_at "mount"' -s o -l options -x -d 'More mount options, with commas between them: allow_other, suid'
complete -c varve -n '__varve_at "mount"' -l rw -d 'A throw-away copy that can be written to; what was written goes with it'
complete -c varve -n '__varve_at "mount"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "mount"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "mount"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "umount"' -a '(__fish_complete_directories)'
complete -c varve -n '__varve_at "umount"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "umount"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "umount"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "diff"' -l directories -d 'Also directories of which nothing but the times has changed'
complete -c varve -n '__varve_at "diff"' -l format -x -a 'table json' -d 'How to write it'
complete -c varve -n '__varve_at "diff"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "diff"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "diff"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "ls"' -s d -l directory -d 'The directory or symlink itself, not what is in it'
complete -c varve -n '__varve_at "ls"' -l format -x -a 'table json' -d 'How to write it'
complete -c varve -n '__varve_at "ls"' -s l -l long -d 'Modes, owners, sizes and times as well'
complete -c varve -n '__varve_at "ls"' -s R -l recursive -d 'Also what is below, by its path'
complete -c varve -n '__varve_at "ls"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "ls"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "ls"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "cat"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "cat"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "cat"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "log"' -s A -l after-context -x -d 'With --grep: so many lines behind each as well'
complete -c varve -n '__varve_at "log"' -s B -l before-context -x -d 'With --grep: so many lines before each as well'
complete -c varve -n '__varve_at "log"' -s C -l context -x -d 'With --grep: so many lines on both sides'
complete -c varve -n '__varve_at "log"' -l format -x -a 'table json' -d 'As it was printed, or an object for each piece that came at once'
complete -c varve -n '__varve_at "log"' -s g -l grep -x -d 'Lines in which this extended regular expression is, of all builds or of those named'
complete -c varve -n '__varve_at "log"' -s i -l ignore-case -d 'With --grep: letters are the same, large or small'
complete -c varve -n '__varve_at "log"' -l stream -x -a 'all stdout stderr' -d 'Only what went to standard output, or to standard error'
complete -c varve -n '__varve_at "log"' -s t -l timestamps -d 'Seconds since the step began in front of each line'
complete -c varve -n '__varve_at "log"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "log"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "log"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "explain"' -l format -x -a 'table json' -d 'How to write it'
complete -c varve -n '__varve_at "explain"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "explain"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "explain"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "pin"' -l format -x -a 'table json' -d 'How to list pins'
complete -c varve -n '__varve_at "pin"' -l name -x -d 'What to call it, in place of how the state was named'
complete -c varve -n '__varve_at "pin"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "pin"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "pin"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "unpin"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "unpin"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "unpin"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "snapshot"' -a prepare -d 'Make a snapshot that can be written to'
complete -c varve -n '__varve_at "snapshot"' -a view -d 'Make a snapshot to look into, and keep its parent meanwhile'
complete -c varve -n '__varve_at "snapshot"' -a commit -d 'Make an active snapshot a state that others can begin with'
complete -c varve -n '__varve_at "snapshot"' -a rm -d 'Remove snapshots and what was written in them'
complete -c varve -n '__varve_at "snapshot"' -a ls -d 'List all snapshots that have a key'
complete -c varve -n '__varve_at "snapshot"' -a stat -d 'Say what kind a snapshot is, and what it was made from'
complete -c varve -n '__varve_at "snapshot"' -a usage -d 'Say what snapshots take besides what they were made from'
complete -c varve -n '__varve_at "snapshot"' -a mounts -d 'Print how to mount a snapshot'
complete -c varve -n '__varve_at "snapshot"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "snapshot"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "snapshot"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "images"' -l format -x -a 'table json' -d 'How to write it'
complete -c varve -n '__varve_at "images"' -s q -l quiet -d 'Only the ids'
complete -c varve -n '__varve_at "images"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "images"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "images"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "tag"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "tag"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "tag"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "rmi"' -s f -l force -d 'All names of an id, and no complaint about what is not there'
complete -c varve -n '__varve_at "rmi"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "rmi"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "rmi"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "inspect"' -l part -x -a 'all config manifest' -d 'Only the image\'s configuration, or its manifest, byte for byte'
complete -c varve -n '__varve_at "inspect"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "inspect"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "inspect"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "pull"' -l insecure -d 'Whoever the registry is, and without encryption if need be'
complete -c varve -n '__varve_at "pull"' -l platform -x -d 'The image that suits this platform best'
complete -c varve -n '__varve_at "pull"' -s q -l quiet -d 'Print the digests alone'
complete -c varve -n '__varve_at "pull"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "pull"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "pull"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "push"' -l compression -x -d 'Of layers: gzip, zstd, uncompressed; else as they came, or gzip'
complete -c varve -n '__varve_at "push"' -l insecure -d 'Whoever the registry is, and without encryption if need be'
complete -c varve -n '__varve_at "push"' -s q -l quiet -d 'Print the digest alone'
complete -c varve -n '__varve_at "push"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "push"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "push"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "save"' -l compression -x -d 'Of layers: gzip, zstd, uncompressed; else as they came, or gzip'
complete -c varve -n '__varve_at "save"' -l format -x -a 'docker oci' -d 'What \'docker load\' reads, or an OCI layout'
complete -c varve -n '__varve_at "save"' -l layers -x -d 'One for each step, squash for one on top of what was imported, or pack:N for at most N'
complete -c varve -n '__varve_at "save"' -s o -l output -r -F -d 'Where to write it, in place of standard output'
complete -c varve -n '__varve_at "save"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "save"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "save"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "import"' -F
complete -c varve -n '__varve_at "import"' -s m -l message -x -d 'What the image\'s history says of it'
complete -c varve -n '__varve_at "import"' -s t -l name -x -d 'Name of the image, NAME[:TAG]'
complete -c varve -n '__varve_at "import"' -l platform -x -d 'What machine it is for (default: this one)'
complete -c varve -n '__varve_at "import"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "import"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "import"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "load"' -F
complete -c varve -n '__varve_at "load"' -s i -l input -r -F -d 'The same as FILE'
complete -c varve -n '__varve_at "load"' -s t -l name -x -d 'Name for the image, in place of those it brings along'
complete -c varve -n '__varve_at "load"' -l platform -x -d 'Only what suits this platform best'
complete -c varve -n '__varve_at "load"' -l select -x -d 'Which of several images: a tag, a name or a digest'
complete -c varve -n '__varve_at "load"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "load"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "load"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "cache"' -a ls -d 'List caches and their versions, newest first'
complete -c varve -n '__varve_at "cache"' -a mount -d 'Look into a version of a cache: mount it at a directory'
complete -c varve -n '__varve_at "cache"' -a diff -d 'List what differs between two versions, or from the one before'
complete -c varve -n '__varve_at "cache"' -a rollback -d 'Make a cache what it was in an earlier version'
complete -c varve -n '__varve_at "cache"' -a rm -d 'Remove caches, or single versions of them'
complete -c varve -n '__varve_at "cache"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "cache"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "cache"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "du"' -l format -x -a 'table json' -d 'How to write it'
complete -c varve -n '__varve_at "du"' -l verbose -d 'All that is known of each, in a paragraph of its own'
complete -c varve -n '__varve_at "du"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "du"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "du"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "prune"' -s a -l all -d 'Also states that images share, and cache mounts'
complete -c varve -n '__varve_at "prune"' -l dry-run -d 'Only say what would go'
complete -c varve -n '__varve_at "prune"' -l filter -x -d 'Only what fits: until=24h, type=state, id=PREFIX'
complete -c varve -n '__varve_at "prune"' -s f -l force -d 'Do not ask'
complete -c varve -n '__varve_at "prune"' -l format -x -a 'table json' -d 'How to write what went'
complete -c varve -n '__varve_at "prune"' -l keep-storage -x -d 'The same as --reserved-space'
complete -c varve -n '__varve_at "prune"' -l max-used-space -x -d 'Stop when the store takes no more than this'
complete -c varve -n '__varve_at "prune"' -l min-free-space -x -d 'Stop when so much of the disk is free'
complete -c varve -n '__varve_at "prune"' -l reserved-space -x -d 'Never go below this'
complete -c varve -n '__varve_at "prune"' -l verbose -d 'A paragraph on each that went'
complete -c varve -n '__varve_at "prune"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "prune"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "prune"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "gc"' -l dry-run -d 'Only say what would be deleted'
complete -c varve -n '__varve_at "gc"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "gc"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "gc"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "fsck"' -l fast -d 'Compare check sums only, do not hash every object'
complete -c varve -n '__varve_at "fsck"' -l repair -d 'Put damaged objects aside, and forget the steps and names that need them'
complete -c varve -n '__varve_at "fsck"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "fsck"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "fsck"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "doctor"' -l format -x -a 'table json' -d 'How to write it'
complete -c varve -n '__varve_at "doctor"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "doctor"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "doctor"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "version"' -l format -x -a 'table json' -d 'How to write it'
complete -c varve -n '__varve_at "version"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "version"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "version"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "help"' -a build
complete -c varve -n '__varve_at "help"' -a bake
complete -c varve -n '__varve_at "help"' -a states
complete -c varve -n '__varve_at "help"' -a history
complete -c varve -n '__varve_at "help"' -a shell
complete -c varve -n '__varve_at "help"' -a mount
complete -c varve -n '__varve_at "help"' -a umount
complete -c varve -n '__varve_at "help"' -a diff
complete -c varve -n '__varve_at "help"' -a ls
complete -c varve -n '__varve_at "help"' -a cat
complete -c varve -n '__varve_at "help"' -a log
complete -c varve -n '__varve_at "help"' -a explain
complete -c varve -n '__varve_at "help"' -a pin
complete -c varve -n '__varve_at "help"' -a unpin
complete -c varve -n '__varve_at "help"' -a snapshot
complete -c varve -n '__varve_at "help"' -a images
complete -c varve -n '__varve_at "help"' -a tag
complete -c varve -n '__varve_at "help"' -a rmi
complete -c varve -n '__varve_at "help"' -a inspect
complete -c varve -n '__varve_at "help"' -a pull
complete -c varve -n '__varve_at "help"' -a push
complete -c varve -n '__varve_at "help"' -a save
complete -c varve -n '__varve_at "help"' -a import
complete -c varve -n '__varve_at "help"' -a load
complete -c varve -n '__varve_at "help"' -a cache
complete -c varve -n '__varve_at "help"' -a du
complete -c varve -n '__varve_at "help"' -a prune
complete -c varve -n '__varve_at "help"' -a gc
complete -c varve -n '__varve_at "help"' -a fsck
complete -c varve -n '__varve_at "help"' -a doctor
complete -c varve -n '__varve_at "help"' -a version
complete -c varve -n '__varve_at "help"' -a help
complete -c varve -n '__varve_at "help"' -a debug
complete -c varve -n '__varve_at "help"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "help"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "help"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "debug"' -a completions -d 'Print the completions for a shell'
complete -c varve -n '__varve_at "debug"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "debug"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "debug"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "snapshot prepare"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "snapshot prepare"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "snapshot prepare"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "snapshot view"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "snapshot view"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "snapshot view"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "snapshot commit"' -s m -l message -x -d 'What an image\'s history says of it'
complete -c varve -n '__varve_at "snapshot commit"' -s t -l tag -x -d 'Also make it the image of this name'
complete -c varve -n '__varve_at "snapshot commit"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "snapshot commit"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "snapshot commit"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "snapshot rm"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "snapshot rm"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "snapshot rm"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "snapshot ls"' -l format -x -a 'table json' -d 'How to write it'
complete -c varve -n '__varve_at "snapshot ls"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "snapshot ls"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "snapshot ls"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "snapshot stat"' -l format -x -a 'table json' -d 'How to write it'
complete -c varve -n '__varve_at "snapshot stat"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "snapshot stat"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "snapshot stat"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "snapshot usage"' -l format -x -a 'table json' -d 'How to write it'
complete -c varve -n '__varve_at "snapshot usage"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "snapshot usage"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "snapshot usage"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "snapshot mounts"' -l format -x -a 'table json' -d 'How to write it'
complete -c varve -n '__varve_at "snapshot mounts"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "snapshot mounts"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "snapshot mounts"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "cache ls"' -l format -x -a 'table json' -d 'How to write it'
complete -c varve -n '__varve_at "cache ls"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "cache ls"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "cache ls"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "cache mount"' -a '(__fish_complete_directories)'
complete -c varve -n '__varve_at "cache mount"' -l rw -d 'A throw-away copy that can be written to'
complete -c varve -n '__varve_at "cache mount"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "cache mount"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "cache mount"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "cache diff"' -l format -x -a 'table json' -d 'How to write it'
complete -c varve -n '__varve_at "cache diff"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "cache diff"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "cache diff"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "cache rollback"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "cache rollback"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "cache rollback"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "cache rm"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "cache rm"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "cache rm"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at "debug completions"' -a bash
complete -c varve -n '__varve_at "debug completions"' -a zsh
complete -c varve -n '__varve_at "debug completions"' -a fish
complete -c varve -n '__varve_at "debug completions"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "debug completions"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "debug completions"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
