//! Who is looking: how what threads share is replaced while they read it, without slowing them down.
//!
//! Every thread that reads marks itself in a slot of its own (*pins*) and unmarks itself behind. What a writer takes
//! away it keeps until no slot holds a mark from before. Reading costs two plain stores: no lock, no allocation, no
//! atomic read-modify-write, no fence. A counter that all threads share, which an `Arc` is, would cost more than the
//! lookup itself and, as a fence, keep the cache misses of successive lookups from overlapping.
//!
//! *Marks.* There is an epoch, a number that rises each time something is taken away. A mark is the epoch that the reader
//! saw, in place of the name of the thread that owns the slot, so that one comparison tells that a slot is the thread's and
//! not in use. What was taken away in epoch `e` may be in the hands of readers whose mark is `e` or lower, and of no others.
//!
//! *Fences.* A reader must have stored its mark before it loads the shared pointer, and a writer must have replaced the
//! pointer before it looks at the marks. That needs a full fence on both sides, or none on the reader's side if the
//! writer runs one on behalf of all: `membarrier(2)`. Where the system does not have it, readers fence.
//!
//! *Slots.* A thread's slot is found by its thread id; there is no thread-local storage, which would have to be set up
//! and torn down per thread. Where all slots near are taken, a thread is a *guest* of its first slot and counts itself
//! in and out. A reader that interrupts another one on the same thread (a signal handler) takes a slot of its own.
//!
//! *Fork.* The slots lie on pages that a child gets zeroed (`MADV_WIPEONFORK`): threads that do not exist in the child
//! leave no marks there.

use std::io;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering, compiler_fence, fence};

/// Slots of a handle; more threads than that at the same time become guests.
const SLOTS: usize = 512;
/// Slots a thread tries before it becomes a guest.
const TRIES: usize = 8;

/// No owner, and no mark. No thread has this id.
const NOBODY: u64 = 0;
/// The first epoch. No thread has an id of that size.
const FIRST_EPOCH: u64 = 1 << 63;

/// One thread's mark, on a cache line of its own. All zero is its first state.
#[repr(C, align(64))]
struct Slot {
    /// The id of the thread that owns the slot, or, while it reads, the epoch.
    mark: AtomicU64,
    /// Readers that have no slot and are counted here.
    guests: AtomicU64,
    /// For [`Pin::leave`]; of the owner alone.
    left: AtomicPtr<()>,
    /// For [`Pin::is_one_in`]; of the owner alone.
    counted: AtomicU32,
}

/// What lies on the wiped pages. All zero is its first state.
#[repr(C, align(64))]
struct Shared {
    slots: [Slot; SLOTS],
    /// 1 while a writer is at work. Wiped with the rest: in a child no writer is at work.
    turn: AtomicU32,
}

/// The marks of all threads on one handle.
pub(crate) struct Pins {
    shared: NonNull<Shared>,
    epoch: AtomicU64,
    readers_fence: bool,
    /// Once the system refuses a barrier that it granted before, nobody knows any more when readers are gone.
    barrier_lost: AtomicBool,
}

// SAFETY: everything behind the pointer is atomic, and the pointer is freed by `Drop` alone.
unsafe impl Send for Pins {}
// SAFETY: as above.
unsafe impl Sync for Pins {}

impl Pins {
    /// Sets up the slots: about 32 KiB, most of which is never touched.
    pub(crate) fn new() -> io::Result<Self> {
        let shared = pages::map()?;
        let readers_fence = !barrier::is_available();
        Ok(Self {
            shared,
            epoch: AtomicU64::new(FIRST_EPOCH),
            readers_fence,
            barrier_lost: AtomicBool::new(false),
        })
    }

    /// Marks the calling thread as reading until the result is dropped. Shared pointers loaded from then on stay valid
    /// until then.
    #[inline(always)]
    pub(crate) fn pin(&self) -> Pin<'_> {
        let thread = thread_id();
        let first = home(thread);
        match self.own_mark(first, thread) {
            Some(pin) => pin,
            None => self.pin_elsewhere(first, thread),
        }
    }

    /// The same, if the thread has its slot already and does not read elsewhere.
    #[inline(always)]
    pub(crate) fn pin_at_once(&self) -> Option<Pin<'_>> {
        let thread = thread_id();
        self.own_mark(home(thread), thread)
    }

    /// The same for what is only there while [`Pins::need_no_fence`], which saves asking.
    #[inline(always)]
    pub(crate) fn pin_unfenced(&self) -> Option<Pin<'_>> {
        let thread = thread_id();
        self.mark(home(thread), thread)
    }

    /// Takes up what the calling thread left under a [`Pins::pin_unfenced`].
    ///
    /// # Safety
    /// The calling thread has left a pin, and not taken it up since.
    #[inline(always)]
    pub(crate) unsafe fn resume(&self) -> (Pin<'_>, *mut ()) {
        let slot = at(&self.shared().slots, home(thread_id()));
        (Pin { slot, kind: Kind::Owner }, slot.left.load(Ordering::Relaxed))
    }

    /// Whether readers need no fence: the system has barriers.
    pub(crate) fn need_no_fence(&self) -> bool {
        !self.readers_fence
    }

    /// Marks this slot, if it is the thread's and not in use.
    #[inline(always)]
    fn own_mark(&self, number: usize, thread: u64) -> Option<Pin<'_>> {
        let pin = self.mark(number, thread)?;
        if self.readers_fence {
            fence(Ordering::SeqCst);
        }
        Some(pin)
    }

    /// The same without the fence that some systems need.
    #[inline(always)]
    fn mark(&self, number: usize, thread: u64) -> Option<Pin<'_>> {
        let slot = at(&self.shared().slots, number);
        if slot.mark.load(Ordering::Relaxed) != thread {
            return None;
        }
        // Acquire: a reader that sees an epoch also sees what was replaced before it began. Release: whoever sees the
        // mark knows that what was read under the one before is done with.
        slot.mark.store(self.epoch.load(Ordering::Acquire), Ordering::Release);
        compiler_fence(Ordering::SeqCst);
        Some(Pin { slot, kind: Kind::Owner })
    }

    #[cold]
    fn pin_elsewhere(&self, first: usize, thread: u64) -> Pin<'_> {
        let near = first..first + TRIES;
        let mark = |number: usize| &at(&self.shared().slots, number).mark;
        let own = near.clone().find(|number| mark(*number).load(Ordering::Relaxed) == thread);
        let claim = |number: &usize| {
            let (free, order) = (NOBODY, Ordering::Relaxed);
            mark(*number).load(order) == free
                && mark(*number).compare_exchange(free, thread, order, order).is_ok()
        };
        let own = own.or_else(|| near.clone().find(claim));
        own.and_then(|number| self.own_mark(number, thread)).unwrap_or_else(|| {
            let slot = at(&self.shared().slots, first);
            slot.guests.fetch_add(1, Ordering::SeqCst);
            fence(Ordering::SeqCst);
            Pin { slot, kind: Kind::Guest }
        })
    }

    /// Takes the writer's turn; `None` while another thread has it.
    pub(crate) fn try_turn(&self) -> Option<Turn<'_>> {
        let turn = &self.shared().turn;
        turn.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed).is_ok().then(|| Turn(turn))
    }

    /// Begins the next epoch, after something was taken away, and says which one ended.
    pub(crate) fn end_epoch(&self, _turn: &Turn<'_>) -> u64 {
        self.epoch.fetch_add(1, Ordering::AcqRel)
    }

    /// The lowest epoch that a reader may still be in; what was taken away in earlier ones is in nobody's hands. `None`
    /// if that cannot be told now.
    pub(crate) fn oldest_reader(&self, _turn: &Turn<'_>) -> Option<u64> {
        if self.readers_fence {
            fence(Ordering::SeqCst);
        } else if self.barrier_lost.load(Ordering::Relaxed) || !barrier::run() {
            self.barrier_lost.store(true, Ordering::Relaxed);
            return None;
        }
        let slots = &self.shared().slots;
        // Acquire: whoever unpinned was done with what it read.
        if slots.iter().any(|slot| slot.guests.load(Ordering::Acquire) > 0) {
            return None;
        }
        let marks = slots.iter().map(|slot| slot.mark.load(Ordering::Acquire));
        let oldest = marks.filter(|mark| *mark >= FIRST_EPOCH).min();
        Some(oldest.unwrap_or_else(|| self.epoch.load(Ordering::Relaxed)))
    }

    #[inline(always)]
    fn shared(&self) -> &Shared {
        // SAFETY: mapped by `new` for as long as `self` lives; zero, its first state, is valid for atomics.
        unsafe { self.shared.as_ref() }
    }
}

impl Drop for Pins {
    fn drop(&mut self) {
        pages::unmap(self.shared);
    }
}

/// Keeps what the thread reads from being freed.
pub(crate) struct Pin<'p> {
    slot: &'p Slot,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Owner,
    Guest,
}

impl Pin<'_> {
    /// Leaves the mark, and this to go on with, to who calls [`Pins::resume`]: another function, which then need not be
    /// handed what all would have to keep for it. For a [`Pins::pin_unfenced`].
    #[inline(always)]
    pub(crate) fn leave(self, value: *mut ()) {
        self.slot.left.store(value, Ordering::Relaxed);
        std::mem::forget(self);
    }

    /// Whether so many readings of the thread were asked this since it was `true`. A guest's never is.
    pub(crate) fn is_one_in(&self, many: u32) -> bool {
        if let Kind::Guest = self.kind {
            return false;
        }
        let counted = self.slot.counted.load(Ordering::Relaxed).wrapping_add(1);
        self.slot.counted.store(if counted < many { counted } else { 0 }, Ordering::Relaxed);
        counted >= many
    }
}

impl Drop for Pin<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        match self.kind {
            // Release: everything read comes before. The id is asked for anew, as keeping it would take a register from start
            // to end.
            Kind::Owner => self.slot.mark.store(thread_id(), Ordering::Release),
            Kind::Guest => {
                self.slot.guests.fetch_sub(1, Ordering::Release);
            }
        }
    }
}

/// The right to replace things, until dropped.
pub(crate) struct Turn<'p>(&'p AtomicU32);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.store(0, Ordering::Release);
    }
}

/// An element of a table of the slots, which goes round.
#[inline(always)]
fn at<T>(table: &[T; SLOTS], number: usize) -> &T {
    let [first, ..] = table;
    table.get(number % SLOTS).unwrap_or(first)
}

/// The first slot of a thread. Ids are addresses of thread control blocks: far apart, and alike in their low bits.
#[inline(always)]
fn home(thread: u64) -> usize {
    const { assert!(SLOTS == 0x200) };
    // A factor of 32 bits fits an instruction. Stacks that follow each other are some megabytes apart: the bits that their
    // distance moves most are taken.
    usize::try_from(thread.wrapping_mul(0x61c8_8647) >> 46 & 0x1ff).unwrap_or(0)
}

/// A number that no other living thread of the process has, below [`FIRST_EPOCH`]. It stays the same across fork.
///
/// Here it is the address of the thread control block, which the ABI keeps in its first word ("System V ABI, AMD64
/// supplement", section 3.4.6): what pthread_self returns, without the call, which would be a tenth of a check.
#[cfg(all(target_arch = "x86_64", target_os = "linux", not(miri)))]
#[inline(always)]
fn thread_id() -> u64 {
    let thread: u64;
    // SAFETY: it reads a word that every thread has, and changes nothing.
    unsafe {
        std::arch::asm!("mov {}, fs:0", out(reg) thread, options(pure, readonly, nostack, preserves_flags));
    };
    thread
}

/// A number that no other living thread of the process has, below [`FIRST_EPOCH`]. It stays the same across fork.
#[cfg(not(any(all(target_arch = "x86_64", target_os = "linux"), miri)))]
#[inline(always)]
#[allow(clippy::as_conversions, reason = "a pthread_t is an integer or a pointer, depending on the system")]
fn thread_id() -> u64 {
    // SAFETY: it has no precondition.
    let thread = unsafe { libc::pthread_self() };
    // Pointers of programs, and numbers of threads, do not have the top bit.
    thread as u64 & !FIRST_EPOCH
}

#[cfg(miri)]
fn thread_id() -> u64 {
    thread_local!(static PLACE: u8 = const { 0 });
    PLACE.with(|place| u64::try_from(std::ptr::from_ref(place).addr()).unwrap_or(0) & !FIRST_EPOCH)
}

/// The pages the slots lie on.
#[cfg(not(miri))]
mod pages {
    use super::{NonNull, Shared, io};

    pub(super) fn map() -> io::Result<NonNull<Shared>> {
        let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: a new mapping, wherever the system likes; it is zeroed and aligned to a page.
        let place = unsafe { libc::mmap(std::ptr::null_mut(), size_of::<Shared>(), access, kind, -1, 0) };
        if place == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        // A system that cannot do this keeps the marks of the parent's threads in a child: should one have been
        // reading at the time of the fork, the child frees nothing it replaces. So the failure is not looked at.
        #[cfg(target_os = "linux")]
        // SAFETY: the mapping made above, whole.
        unsafe {
            libc::madvise(place, size_of::<Shared>(), libc::MADV_WIPEONFORK)
        };
        NonNull::new(place.cast()).ok_or_else(|| io::Error::other("mapped at address zero"))
    }

    pub(super) fn unmap(shared: NonNull<Shared>) {
        // SAFETY: mapped by `map` with this size; the owner is being dropped, so nobody has references into it.
        unsafe { libc::munmap(shared.as_ptr().cast(), size_of::<Shared>()) };
    }
}

#[cfg(miri)]
mod pages {
    use super::{NonNull, Shared, io};

    pub(super) fn map() -> io::Result<NonNull<Shared>> {
        // SAFETY: all zero is its first state.
        let shared: Box<Shared> = unsafe { Box::<Shared>::new_zeroed().assume_init() };
        Ok(NonNull::from(Box::leak(shared)))
    }

    pub(super) fn unmap(shared: NonNull<Shared>) {
        // SAFETY: leaked by `map`; the owner is being dropped, so nobody has references into it.
        drop(unsafe { Box::from_raw(shared.as_ptr()) });
    }
}

/// A fence in every running thread of the process, by `membarrier(2)`.
#[cfg(all(target_os = "linux", not(miri)))]
mod barrier {
    /// Whether the system has it for this process. Also registers the intent, which running it needs.
    pub(super) fn is_available() -> bool {
        command(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) && run()
    }

    /// Runs it; whether it worked.
    pub(super) fn run() -> bool {
        command(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED)
            // A child need not inherit the registration.
            || (command(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED)
                && command(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED))
    }

    fn command(command: libc::c_int) -> bool {
        // SAFETY: it takes no pointers.
        unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
    }
}

#[cfg(not(all(target_os = "linux", not(miri))))]
mod barrier {
    pub(super) fn is_available() -> bool {
        false
    }

    pub(super) fn run() -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicPtr;
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    #[test]
    fn what_a_reader_may_hold_is_not_free() {
        let pins = Pins::new().unwrap();
        let turn = pins.try_turn().unwrap();
        assert!(pins.try_turn().is_none());
        assert!(pins.try_turn().is_none(), "a refused turn ended the one that is taken");
        let before = pins.end_epoch(&turn);
        assert!(pins.oldest_reader(&turn).unwrap() > before, "nobody reads");
        let pin = pins.pin();
        let during = pins.end_epoch(&turn);
        assert!(pins.oldest_reader(&turn).unwrap() > before);
        assert!(pins.oldest_reader(&turn).unwrap() <= during, "the reader may hold it");
        drop(pin);
        assert!(pins.oldest_reader(&turn).unwrap() > during);
        drop(turn);
        assert!(pins.try_turn().is_some());
    }

    #[test]
    fn a_reader_inside_a_reader_protects_and_leaves_the_outer_one_alone() {
        let pins = Pins::new().unwrap();
        let turn = pins.try_turn().unwrap();
        let outer = pins.pin();
        drop(pins.pin());
        let during = pins.end_epoch(&turn);
        assert!(pins.oldest_reader(&turn).unwrap() <= during, "the inner one took the mark away");
        let inner = pins.pin();
        drop(outer);
        let later = pins.end_epoch(&turn);
        let oldest = pins.oldest_reader(&turn).unwrap();
        assert!(oldest > during && oldest <= later, "the inner one reads");
        drop(inner);
        assert!(pins.oldest_reader(&turn).unwrap() > later);
    }

    #[test]
    fn one_in_so_many_is_told_by_each_thread_for_itself() {
        let pins = Pins::new().unwrap();
        let told = || (0..8).map(|_| pins.pin().is_one_in(4)).collect::<Vec<_>>();
        let expected = [false, false, false, true, false, false, false, true];
        assert_eq!(told(), expected);
        thread::scope(|scope| assert_eq!(scope.spawn(told).join().unwrap(), expected));
    }

    #[test]
    fn more_threads_than_slots_are_guests() {
        let count = if cfg!(miri) { 20 } else { SLOTS + 50 };
        let pins = Pins::new().unwrap();
        let (told, hear) = mpsc::channel();
        thread::scope(|scope| {
            let waiting: Vec<_> = (0..count)
                .map(|_| {
                    let (told, (go, wait)) = (told.clone(), mpsc::channel::<()>());
                    let pins = &pins;
                    scope.spawn(move || {
                        let pin = pins.pin();
                        told.send(()).unwrap();
                        let _ = wait.recv();
                        drop(pin);
                    });
                    go
                })
                .collect();
            waiting.iter().for_each(|_| hear.recv().unwrap());
            let turn = pins.try_turn().unwrap();
            let ended = pins.end_epoch(&turn);
            assert!(pins.oldest_reader(&turn).is_none_or(|oldest| oldest <= ended));
            drop(waiting);
        });
        let turn = pins.try_turn().unwrap();
        let ended = pins.end_epoch(&turn);
        assert!(pins.oldest_reader(&turn).unwrap() > ended);
    }

    /// Readers follow a pointer that is replaced and freed all the time, with barriers and with fences. What is freed is
    /// overwritten first, so that a reader that still has it sees so.
    #[test]
    fn nobody_reads_what_was_freed() {
        let rounds = if cfg!(miri) { 100 } else { 20_000 };
        for readers_fence in [false, true] {
            let mut pins = Pins::new().unwrap();
            pins.readers_fence |= readers_fence;
            let shared = AtomicPtr::new(Box::into_raw(Box::new([0, !0])));
            let (pins, shared) = (&pins, &shared);
            let read_all = || {
                let mut last = 0;
                while last + 1 < rounds {
                    let pin = pins.pin();
                    // SAFETY: pinned.
                    let [number, inverse] = unsafe { *shared.load(Ordering::Acquire) };
                    assert_eq!(number, !inverse, "freed while it was read");
                    assert!(number >= last);
                    last = number;
                    drop(pin);
                }
            };
            let replace_all = || {
                let (mut kept, mut freed) = (Vec::new(), 0);
                for number in 1..rounds {
                    let turn = pins.try_turn().unwrap();
                    let old = shared.swap(Box::into_raw(Box::new([number, !number])), Ordering::AcqRel);
                    kept.push((pins.end_epoch(&turn), Freed(old)));
                    let oldest = pins.oldest_reader(&turn).unwrap_or(0);
                    let before = kept.len();
                    kept.retain(|(epoch, _)| *epoch >= oldest);
                    freed += before - kept.len();
                }
                assert!(freed > 0);
                kept
            };
            thread::scope(|scope| {
                let readers: Vec<_> = (0..3).map(|_| scope.spawn(read_all)).collect();
                let kept = scope.spawn(replace_all).join().unwrap();
                readers.into_iter().for_each(|reader| reader.join().unwrap());
                drop(kept);
            });
            drop(Freed(shared.load(Ordering::Relaxed)));
        }
    }

    struct Freed(*mut [u64; 2]);

    // SAFETY: the only owner of the box.
    unsafe impl Send for Freed {}

    impl Drop for Freed {
        fn drop(&mut self) {
            // SAFETY: nobody else has it any more, which is what is tested.
            let mut old = unsafe { Box::from_raw(self.0) };
            *std::hint::black_box(&mut *old) = [7, 7];
        }
    }
}
