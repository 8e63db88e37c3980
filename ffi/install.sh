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
  --help

Installs librevocache.so.VERSION with its links, librevocache.a, revocache.h, revocache.hpp, revocache.pc and the CMake
package `revocache`. Needs cargo and a C compiler; honours CARGO_TARGET_DIR and STRIP.
HELP
}

fail() { echo "install.sh: $*" >&2; exit 64; }

prefix=/usr/local libdir='' includedir='' destdir='' target='' types=cdylib,staticlib features=()
while [ $# -gt 0 ]; do
    case "$1" in
    --prefix | --libdir | --includedir | --destdir | --target)
        [ $# -gt 1 ] || fail "$1 needs a value"
        printf -v "${1#--}" '%s' "$2"
        shift 2 ;;
    --signatures) features=(--features signatures); shift ;;
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
soname="librevocache.so.$abi"

# One unit and the whole program at once: a fifth smaller. This is the one place where the soname is set; cargo-c sets its
# own.
arguments=(--release --locked --package revocache-ffi --lib --crate-type "$types" "${features[@]}")
[ -z "$target" ] || arguments+=(--target "$target")
flags=(-C lto=fat -C codegen-units=1)
[ "$types" = staticlib ] || flags+=(-C "link-arg=-Wl,-soname,$soname")
cargo rustc "${arguments[@]}" -- "${flags[@]}"
built="${CARGO_TARGET_DIR:-target}/${target:+$target/}release"

mkdir -p "$destdir$libdir/pkgconfig" "$destdir$libdir/cmake/revocache" "$destdir$includedir"
install -m 644 include/revocache.h include/revocache.hpp "$destdir$includedir/"
install -m 644 "$built/librevocache_ffi.a" "$destdir$libdir/librevocache.a"
"${STRIP:-strip}" --strip-debug "$destdir$libdir/librevocache.a"
if [ "$types" != staticlib ]; then
    install -m 755 "$built/librevocache_ffi.so" "$destdir$libdir/librevocache.so.$version"
    "${STRIP:-strip}" --strip-unneeded "$destdir$libdir/librevocache.so.$version"
    ln -sf "librevocache.so.$version" "$destdir$libdir/$soname"
    ln -sf "$soname" "$destdir$libdir/librevocache.so"
fi

# What a static library needs on top; musl has all of it in its libc and brings the unwinder along.
case "$target" in
*musl*) private="-lunwind" ;;
*) private="-lgcc_s -lutil -lrt -lpthread -lm -ldl -lc" ;;
esac
[ "$types" != staticlib ] || { public_private="$private"; private=''; }

cat > "$destdir$libdir/pkgconfig/revocache.pc" <<PC
prefix=$prefix
libdir=$libdir
includedir=$includedir

Name: revocache
Description: Is this certificate revoked, since when, and why?
Version: $version
Cflags: -I\${includedir}
Libs: -L\${libdir} -lrevocache${public_private:+ $public_private}
Libs.private: $private
PC

cat > "$destdir$libdir/cmake/revocache/revocacheConfig.cmake" <<CMAKE
# revocache::revocache is the shared library, or the static one where there is no other; revocache::static is the static one.
get_filename_component(_revocache_libdir "\${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)
set(_revocache_include "$includedir")
if(NOT TARGET revocache::static)
  add_library(revocache::static STATIC IMPORTED)
  set_target_properties(revocache::static PROPERTIES
    IMPORTED_LOCATION "\${_revocache_libdir}/librevocache.a"
    INTERFACE_INCLUDE_DIRECTORIES "\${_revocache_include}"
    INTERFACE_LINK_LIBRARIES "$(echo "${public_private:-$private}" | sed 's/-l//g; s/ /;/g')")
endif()
if(NOT TARGET revocache::revocache)
  if(EXISTS "\${_revocache_libdir}/$soname")
    add_library(revocache::revocache SHARED IMPORTED)
    set_target_properties(revocache::revocache PROPERTIES
      IMPORTED_LOCATION "\${_revocache_libdir}/$soname"
      IMPORTED_SONAME "$soname"
      INTERFACE_INCLUDE_DIRECTORIES "\${_revocache_include}")
  else()
    add_library(revocache::revocache ALIAS revocache::static)
  endif()
endif()
CMAKE

# Before 1.0 a minor version may change the interface, as the soname then does.
cat > "$destdir$libdir/cmake/revocache/revocacheConfigVersion.cmake" <<CMAKE
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

echo "installed revocache $version ($soname) under $destdir$prefix"
