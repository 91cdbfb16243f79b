# install_packages SECTION...: installs what is missing of those sections of tools/packages.txt.
# Sourced by ./run and .ci/run; takes a few milliseconds when nothing is missing.

packages_of() {
  local wanted=" $* " section= line
  while IFS= read -r line; do
    line=${line%%#\ *}
    [[ $line =~ ^\[([a-z]+)\] ]] && { section=${BASH_REMATCH[1]}; continue; }
    [[ -n $line && $wanted == *" $section "* ]] && printf '%s\n' $line
  done <tools/packages.txt
  return 0
}

missing_packages() {
  local -a packages
  mapfile -t packages < <(packages_of "$@")
  local installed
  installed=$(dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' "${packages[@]}" 2>/dev/null || true)
  local package
  for package in "${packages[@]}"; do
    [[ $'\n'$installed$'\n' == *$'\n'?"i "$package$'\n'* ]] || printf '%s\n' "$package"
  done
}

install_packages() {
  if ! command -v dpkg-query >/dev/null; then
    echo "run: no Debian here; going on as if everything in tools/packages.txt were installed" >&2
    return 0
  fi
  local -a missing
  mapfile -t missing < <(missing_packages "$@")
  [[ ${#missing[@]} -eq 0 ]] && return 0

  local -a as_root=()
  if [[ $EUID -ne 0 ]]; then
    # Without a terminal sudo must not ask for a password: nobody would see it.
    as_root=(sudo)
    [[ -t 0 ]] || as_root+=(-n)
    command -v sudo >/dev/null && "${as_root[@]}" true || {
      printf 'run: these packages are missing, and only root can install them:\n  apt-get install %s\n' \
        "${missing[*]}" >&2
      return 1
    }
  fi
  echo "run: installing ${missing[*]}" >&2
  local -a apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y
    -o DPkg::Lock::Timeout=300)
  local -a install=("${apt[@]}" install --no-install-recommends "${missing[@]}")
  # Package lists may be absent or out of date: fetch them only if installing fails without.
  "${install[@]}" </dev/null >&2 2>/dev/null && return 0
  "${apt[@]}" update </dev/null >&2
  "${install[@]}" </dev/null >&2
}
