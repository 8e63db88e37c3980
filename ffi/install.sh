#!/usr/bin/env bash
# Builds the C library and installs it with its headers, for pkg-config and CMake. `ffi/install.sh --help` lists options.
set -euo pipefail

usage() {
    cat <<'HELP'
usage: ffi/install.sh [OPTION...]

  --prefix DIR        where the files will be used          [/usr/local]
  --libdir DIR        libraries                             [PREFIX/lib]
  --includedir DIR    headers                               [PREFIX/include]
  --destdir DIR       put in front of every path, for packages
  --target TRIPLE     build for another machine, such as x86_64-unknown-linux-musl
  --static-only       no shared library
  --signatures        find issuers by signature where nothing else tells; three times as large
  --client            also librevocache_client, which has all of librevocache and asks servers and OCSP responders
  --help

Installs librevocache.so.VERSION with its links, librevocache.a, revocache.h, revocache.hpp, revocache.pc and the CMake
package `revocache`; with --client the same once more under the name of revocache_client. Needs cargo and a C compiler; honours CARGO_TARGET_DIR and STRIP.
HELP
}

fail() { echo "install.sh: $*" >&2; exit 64; }

prefix=/usr/local libdir='' includedir='' destdir='' target='' types=cdylib,staticlib features=() client=no
while [ $# -gt 0 ]; do
    case "$1" in
    --prefix | --libdir | --includedir | --destdir | --target)
        [ $# -gt 1 ] || fail "$1 needs a value"
        printf -v "${1#--}" '%s' "$2"
        shift 2 ;;
    --signatures) features=(--features signatures); shift ;;
    --client) client=yes; shift ;;
    --static-only) types=staticlib; shift ;;
    --help) usage; exit 0 ;;
    *) fail "unknown option $1; try --help" ;;
    esac
done
libdir="${libdir:-$prefix/lib}"
includedir="${includedir:-$prefix/include}"

cd "$(dirname "$0")/.."
version="$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)"
abi="$(sed -n 's/^#define REVOCACHE_ABI_VERSION //p' include/revocache.h)"

# What a static library needs on top; musl has all of it in its libc and brings the unwinder along.
case "$target" in
*musl*) private="-lunwind" ;;
*) private="-lgcc_s -lutil -lrt -lpthread -lm -ldl -lc" ;;
esac
[ "$types" != staticlib ] || { public_private="$private"; private=''; }

mkdir -p "$destdir$libdir/pkgconfig" "$destdir$includedir"

# library NAME PACKAGE FILE IMPORTED [FEATURES...]: builds PACKAGE, whose library cargo calls FILE, and installs it as libNAME;
# CMake calls it revocache::IMPORTED.
library() {
    local name="$1" package="$2" file="$3" imported="$4" soname="lib$1.so.$abi" built
    shift 4
    # One unit and the whole program at once: a fifth smaller. This is the one place where the soname is set; cargo-c sets
    # its own.
    local arguments=(--release --locked --package "$package" --lib --crate-type "$types" "$@")
    [ -z "$target" ] || arguments+=(--target "$target")
    local flags=(-C lto=fat -C codegen-units=1)
    [ "$types" = staticlib ] || flags+=(-C "link-arg=-Wl,-soname,$soname")
    cargo rustc "${arguments[@]}" -- "${flags[@]}"
    built="${CARGO_TARGET_DIR:-target}/${target:+$target/}release"

    install -m 644 "include/$name.h" "include/$name.hpp" "$destdir$includedir/"
    install -m 644 "$built/lib$file.a" "$destdir$libdir/lib$name.a"
    "${STRIP:-strip}" --strip-debug "$destdir$libdir/lib$name.a"
    if [ "$types" != staticlib ]; then
        install -m 755 "$built/lib$file.so" "$destdir$libdir/lib$name.so.$version"
        "${STRIP:-strip}" --strip-unneeded "$destdir$libdir/lib$name.so.$version"
        ln -sf "lib$name.so.$version" "$destdir$libdir/$soname"
        ln -sf "$soname" "$destdir$libdir/lib$name.so"
    fi
    pkg_config "$name"
    cmake_package "$name" "$imported" "$soname"
    echo "installed $name $version ($soname) under $destdir$prefix"
}

pkg_config() { # NAME
    cat > "$destdir$libdir/pkgconfig/$1.pc" <<PC
prefix=$prefix
libdir=$libdir
includedir=$includedir

Name: $1
Description: Is this certificate revoked, since when, and why?
Version: $version
Cflags: -I\${includedir}
Libs: -L\${libdir} -l$1${public_private:+ $public_private}
Libs.private: $private
PC
}

cmake_package() { # NAME IMPORTED SONAME
    local static="static"
    [ "$2" = revocache ] || static="$2_static"
    mkdir -p "$destdir$libdir/cmake/$1"
    cat > "$destdir$libdir/cmake/$1/$1Config.cmake" <<CMAKE
# revocache::$2 is the shared library, or the static one where there is no other; revocache::$static is the static one.
get_filename_component(_revocache_libdir "\${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)
set(_revocache_include "$includedir")
if(NOT TARGET revocache::$static)
  add_library(revocache::$static STATIC IMPORTED)
  set_target_properties(revocache::$static PROPERTIES
    IMPORTED_LOCATION "\${_revocache_libdir}/lib$1.a"
    INTERFACE_INCLUDE_DIRECTORIES "\${_revocache_include}"
    INTERFACE_LINK_LIBRARIES "$(echo "${public_private:-$private}" | sed 's/-l//g; s/ /;/g')")
endif()
if(NOT TARGET revocache::$2)
  if(EXISTS "\${_revocache_libdir}/$3")
    add_library(revocache::$2 SHARED IMPORTED)
    set_target_properties(revocache::$2 PROPERTIES
      IMPORTED_LOCATION "\${_revocache_libdir}/$3"
      IMPORTED_SONAME "$3"
      INTERFACE_INCLUDE_DIRECTORIES "\${_revocache_include}")
  else()
    add_library(revocache::$2 ALIAS revocache::$static)
  endif()
endif()
CMAKE
    # Before 1.0 a minor version may change the interface, as the soname then does.
    cat > "$destdir$libdir/cmake/$1/$1ConfigVersion.cmake" <<CMAKE
set(PACKAGE_VERSION "$version")
if(PACKAGE_FIND_VERSION VERSION_GREATER PACKAGE_VERSION)
  set(PACKAGE_VERSION_COMPATIBLE FALSE)
else()
  set(PACKAGE_VERSION_COMPATIBLE TRUE)
  if(PACKAGE_FIND_VERSION VERSION_EQUAL PACKAGE_VERSION)
    set(PACKAGE_VERSION_EXACT TRUE)
  endif()
endif()
CMAKE
}

library revocache revocache-ffi revocache_ffi revocache "${features[@]}"
if [ "$client" = yes ]; then
    library revocache_client revocache-ffi-client revocache_client_ffi client
fi
