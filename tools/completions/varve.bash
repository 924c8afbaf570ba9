# shellcheck shell=bash
# Completions for bash, printed by 'varve debug completions bash'.

# $1: the verbs given so far
_varve_table()
{
	verbs='' options='' valued='' files='' directories='' choices='' operands=''
	case $1 in
	'')
		verbs='build bake states history shell mount umount diff ls cat log explain pin unpin snapshot images tag rmi inspect pull push save import load cache du prune gc fsck doctor version help debug'
		options='--debug -D --help -h --store --version -v'
		valued='--store'
		directories='--store'
		;;
	'build')
		options='--add-host --allow --all-stages --annotation --build-arg --build-context --cache-commit --cache-from --cache-to --call --check --file -f --iidfile --jobs -j --jobserver --jobserver-style --keep-going -k --label --layers --load --memory-reserve --metadata-file --network --no-cache --no-cache-filter --output -o --platform --precise --progress --pull --push --quiet -q --replay --resource --secret --shm-size --ssh --tag -t --target --ulimit --debug -D --help -h --store'
		valued='--add-host --allow --annotation --build-arg --build-context --cache-commit --cache-from --cache-to --call --file -f --iidfile --jobs -j --jobserver --jobserver-style --label --layers --memory-reserve --metadata-file --network --no-cache-filter --output -o --platform --progress --resource --secret --shm-size --ssh --tag -t --target --ulimit --store'
		files='--file -f --iidfile --metadata-file'
		directories='--store'
		choices='--cache-commit=success --cache-commit=always --jobserver-style=pipe --jobserver-style=fifo --network=default --network=none --network=host --progress=auto --progress=none --progress=plain --progress=quiet --progress=rawjson --progress=tty'
		operands='-d'
		;;
	'bake')
		options='--allow --call --check --file -f --jobs -j --jobserver --jobserver-style --keep-going -k --list --load --metadata-file --no-cache --print --progress --pull --push --resource --set --var --debug -D --help -h --store'
		valued='--allow --call --file -f --jobs -j --jobserver --jobserver-style --list --metadata-file --progress --resource --set --var --store'
		files='--file -f --metadata-file'
		directories='--store'
		choices='--jobserver-style=pipe --jobserver-style=fifo --list=targets --list=variables --progress=auto --progress=none --progress=plain --progress=quiet --progress=rawjson --progress=tty'
		;;
	'states')
		options='--format --debug -D --help -h --store'
		valued='--format --store'
		directories='--store'
		choices='--format=table --format=json'
		;;
	'history')
		options='--format --limit -n --debug -D --help -h --store'
		valued='--format --limit -n --store'
		directories='--store'
		choices='--format=table --format=json'
		;;
	'shell')
		options='--allow --env -e --network --no-tty -T --resource --secret --shm-size --ssh --ulimit --user -u --workdir -w --debug -D --help -h --store'
		valued='--allow --env -e --network --resource --secret --shm-size --ssh --ulimit --user -u --workdir -w --store'
		directories='--store'
		choices='--network=default --network=none --network=host'
		;;
	'mount')
		options='--all --options -o --rw --debug -D --help -h --store'
		valued='--options -o --store'
		directories='--store'
		operands='-d'
		;;
	'umount')
		options='--debug -D --help -h --store'
		valued='--store'
		directories='--store'
		operands='-d'
		;;
	'diff')
		options='--directories --format --debug -D --help -h --store'
		valued='--format --store'
		directories='--store'
		choices='--format=table --format=json'
		;;
	'ls')
		options='--directory -d --format --long -l --recursive -R --debug -D --help -h --store'
		valued='--format --store'
		directories='--store'
		choices='--format=table --format=json'
		;;
	'cat')
		options='--debug -D --help -h --store'
		valued='--store'
		directories='--store'
		;;
	'log')
		options='--after-context -A --before-context -B --context -C --format --grep -g --ignore-case -i --stream --timestamps -t --debug -D --help -h --store'
		valued='--after-context -A --before-context -B --context -C --format --grep -g --stream --store'
		directories='--store'
		choices='--format=table --format=json --stream=all --stream=stdout --stream=stderr'
		;;
	'explain')
		options='--format --debug -D --help -h --store'
		valued='--format --store'
		directories='--store'
		choices='--format=table --format=json'
		;;
	'pin')
		options='--format --name --debug -D --help -h --store'
		valued='--format --name --store'
		directories='--store'
		choices='--format=table --format=json'
		;;
	'unpin')
		options='--debug -D --help -h --store'
		valued='--store'
		directories='--store'
		;;
	'snapshot')
		verbs='prepare view commit rm ls stat usage mounts'
		options='--debug -D --help -h --store'
		valued='--store'
		directories='--store'
		;;
	'images')
		options='--format --quiet -q --debug -D --help -h --store'
		valued='--format --store'
		directories='--store'
		choices='--format=table --format=json'
		;;
	'tag')
		options='--debug -D --help -h --store'
		valued='--store'
		directories='--store'
		;;
	'rmi')
		options='--force -f --debug -D --help -h --store'
		valued='--store'
		directories='--store'
		;;
	'inspect')
		options='--part --debug -D --help -h --store'
		valued='--part --store'
		directories='--store'
		choices='--part=all --part=config --part=manifest'
		;;
	'pull')
		options='--insecure --platform --quiet -q --debug -D --help -h --store'
		valued='--platform --store'
		directories='--store'
		;;
	'push')
		options='--compression --insecure --quiet -q --debug -D --help -h --store'
		valued='--compression --store'
		directories='--store'
		;;
	'save')
		options='--compression --format --layers --output -o --debug -D --help -h --store'
		valued='--compression --format --layers --output -o --store'
		files='--output -o'
		directories='--store'
		choices='--format=docker --format=oci'
		;;
	'import')
		options='--message -m --name -t --platform --debug -D --help -h --store'
		valued='--message -m --name -t --platform --store'
		directories='--store'
		operands='-f'
		;;
	'load')
		options='--input -i --name -t --platform --select --debug -D --help -h --store'
		valued='--input -i --name -t --platform --select --store'
		files='--input -i'
		directories='--store'
		operands='-f'
		;;
	'cache')
		verbs='ls mount diff rollback rm'
		options='--debug -D --help -h --store'
		valued='--store'
		directories='--store'
		;;
	'du')
		options='--format --verbose --debug -D --help -h --store'
		valued='--format --store'
		directories='--store'
		choices='--format=table --format=json'
		;;
	'prune')
		options='--all -a --dry-run --filter --force -f --format --keep-storage --max-used-space --min-free-space --reserved-space --verbose --debug -D --help -h --store'
		valued='--filter --format --keep-storage --max-used-space --min-free-space --reserved-space --store'
		directories='--store'
		choices='--format=table --format=json'
		;;
	'gc')
		options='--dry-run --debug -D --help -h --store'
		valued='--store'
		directories='--store'
		;;
	'fsck')
		options='--fast --repair --debug -D --help -h --store'
		valued='--store'
		directories='--store'
		;;
	'doctor')
		options='--format --debug -D --help -h --store'
		valued='--format --store'
		directories='--store'
		choices='--format=table --format=json'
		;;
	'version')
		options='--format --debug -D --help -h --store'
		valued='--format --store'
		directories='--store'
		choices='--format=table --format=json'
		;;
	'help')
		options='--debug -D --help -h --store'
		valued='--store'
		directories='--store'
		operands='build bake states history shell mount umount diff ls cat log explain pin unpin snapshot images tag rmi inspect pull push save import load cache du prune gc fsck doctor version help debug'
		;;
	'debug')
		verbs='completions'
		options='--debug -D --help -h --store'
		valued='--store'
		directories='--store'
		;;
	'snapshot prepare')
		options='--debug -D --help -h --store'
		valued='--store'
		directories='--store'
		;;
	'snapshot view')
		options='--debug -D --help -h --store'
		valued='--store'
		directories='--store'
		;;
	'snapshot commit')
		options='--message -m --tag -t --debug -D --help -h --store'
		valued='--message -m --tag -t --store'
		directories='--store'
		;;
	'snapshot rm')
		options='--debug -D --help -h --store'
		valued='--store'
		directories='--store'
		;;
	'snapshot ls')
		options='--format --debug -D --help -h --store'
		valued='--format --store'
		directories='--store'
		choices='--format=table --format=json'
		;;
	'snapshot stat')
		options='--format --debug -D --help -h --store'
		valued='--format --store'
		directories='--store'
		choices='--format=table --format=json'
		;;
	'snapshot usage')
		options='--format --debug -D --help -h --store'
		valued='--format --store'
		directories='--store'
		choices='--format=table --format=json'
		;;
	'snapshot mounts')
		options='--format --debug -D --help -h --store'
		valued='--format --store'
		directories='--store'
		choices='--format=table --format=json'
		;;
	'cache ls')
		options='--format --debug -D --help -h --store'
		valued='--format --store'
		directories='--store'
		choices='--format=table --format=json'
		;;
	'cache mount')
		options='--rw --debug -D --help -h --store'
		valued='--store'
		directories='--store'
		operands='-d'
		;;
	'cache diff')
		options='--format --debug -D --help -h --store'
		valued='--format --store'
		directories='--store'
		choices='--format=table --format=json'
		;;
	'cache rollback')
		options='--debug -D --help -h --store'
		valued='--store'
		directories='--store'
		;;
	'cache rm')
		options='--debug -D --help -h --store'
		valued='--store'
		directories='--store'
		;;
	'debug completions')
		options='--debug -D --help -h --store'
		valued='--store'
		directories='--store'
		operands='bash zsh fish'
		;;
	esac
}

_varve_offer()
{
	# $1: words to choose from
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}

_varve_offer_files()
{
	compopt -o filenames
	mapfile -t COMPREPLY < <(compgen "$1" -- "$cur")
}

# $1: the option whose value is wanted
_varve_value()
{
	local word offered=''
	for word in $choices; do
		[[ $word == "$1="* ]] && offered+=" ${word#*=}"
	done
	if [[ $offered ]]; then
		_varve_offer "$offered"
	elif [[ " $files " == *" $1 "* ]]; then
		_varve_offer_files -f
	elif [[ " $directories " == *" $1 "* ]]; then
		_varve_offer_files -d
	fi
}

_varve()
{
	local words=() cur word path='' wanted='' glue=0 i
	local verbs options valued files directories choices operands
	COMPREPLY=()
	# Words are broken at "=": put them together again.
	for ((i = 1; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ $word == '=' && ${#words[@]} -gt 0 ]]; then
			words[${#words[@]}-1]+='='
			glue=1
		elif ((glue)); then
			words[${#words[@]}-1]+=$word
			glue=0
		else
			words+=("$word")
		fi
	done
	_varve_table ''
	for ((i = 0; i < ${#words[@]} - 1; i++)); do
		word=${words[i]}
		if [[ $wanted ]]; then
			wanted=''
		elif [[ $word == '--' ]]; then
			verbs='' options=''
			break
		elif [[ " $valued " == *" $word "* ]]; then
			wanted=$word
		elif [[ " $verbs " == *" $word "* ]]; then
			path+="${path:+ }$word"
			_varve_table "$path"
		fi
	done
	cur=${words[${#words[@]}-1]}
	if [[ $wanted ]]; then
		_varve_value "$wanted"
	elif [[ $cur == --*=* ]]; then
		wanted=${cur%%=*} cur=${cur#*=}
		_varve_value "$wanted"
	elif [[ $cur == -* ]]; then
		_varve_offer "$options"
	elif [[ $verbs ]]; then
		_varve_offer "$verbs"
	elif [[ $operands == -[fd] ]]; then
		_varve_offer_files "$operands"
	else
		_varve_offer "$operands"
	fi
}

complete -F _varve varve
