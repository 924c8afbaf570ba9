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
			case 'debug completions --store'
				set skip 1
			case ' mount' ' umount' ' diff' ' gc' ' fsck' ' doctor' ' version' ' help' ' debug' 'debug completions'
				set -a path $word
		end
	end
	test "$path" = "$argv[1]"
end

complete -c varve -f
complete -c varve -n '__varve_at ""' -a mount -d 'Look into a state: mount it at a directory'
complete -c varve -n '__varve_at ""' -a umount -d 'End what \'varve mount\' began'
complete -c varve -n '__varve_at ""' -a diff -d 'List what differs between two states, or what a step has changed'
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
complete -c varve -n '__varve_at "mount"' -a '(__fish_complete_directories)'
complete -c varve -n '__varve_at "mount"' -l rw -d 'A throw-away copy that can be written to; what was written goes with it'
complete -c varve -n '__varve_at "mount"' -s o -l options -x -d 'More mount options, with commas between them: allow_other, suid'
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
complete -c varve -n '__varve_at "help"' -a mount
complete -c varve -n '__varve_at "help"' -a umount
complete -c varve -n '__varve_at "help"' -a diff
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
complete -c varve -n '__varve_at "debug completions"' -a bash
complete -c varve -n '__varve_at "debug completions"' -a zsh
complete -c varve -n '__varve_at "debug completions"' -a fish
complete -c varve -n '__varve_at "debug completions"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "debug completions"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "debug completions"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
