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
			case ' version' ' help' ' debug' 'debug completions'
				set -a path $word
		end
	end
	test "$path" = "$argv[1]"
end

complete -c varve -f
complete -c varve -n '__varve_at ""' -a version -d 'Show the version, and what it was built with and runs on'
complete -c varve -n '__varve_at ""' -a help -d 'Explain a command'
complete -c varve -n '__varve_at ""' -a debug -d 'Look inside varve itself'
complete -c varve -n '__varve_at ""' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at ""' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at ""' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
complete -c varve -n '__varve_at ""' -s v -l version -d 'Print the version and quit'
complete -c varve -n '__varve_at "version"' -l format -x -a 'table json' -d 'How to write it'
complete -c varve -n '__varve_at "version"' -s D -l debug -d 'Say more: codes of errors, details of warnings'
complete -c varve -n '__varve_at "version"' -s h -l help -d 'Show this text'
complete -c varve -n '__varve_at "version"' -l store -x -a '(__fish_complete_directories)' -d 'Directory of the store, in place of $VARVE_STORE'
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
