// The model language's functions in C, with the meaning that `functions.py` gives them, and what moves a run on.
//
// Without libc's headers, so that few names are taken from the model's variables.

typedef __PTRDIFF_TYPE__ place;
typedef unsigned char byte;
typedef unsigned long long bits;

double acos(double), asin(double), atan(double), atan2(double, double), cos(double), cosh(double), sin(double);
double sinh(double), tan(double), tanh(double), exp(double), log(double), pow(double, double), erfc(double);
double lgamma(double), fmod(double, double);

// Where a call would keep loops from using vector instructions.
#define INLINE inline __attribute__((always_inline))

#define fabs __builtin_fabs
#define floor __builtin_floor
#define trunc __builtin_trunc
#define sqrt __builtin_sqrt
#define nearest __builtin_rint
#define INFINITE __builtin_inf()
#define MISSING __builtin_nan("")

static const double PI = 3.141592653589793;
// What Vensim treats as zero in divisions and in the timing of pulses.
static const double SMALL = 1e-6;
// Adding this to a small whole number puts the number into the lowest bits.
static const double SHIFT = 6755399441055744.0;
// What Vensim writes for data that is not there.
static const double NOT_AVAILABLE = @NOT_AVAILABLE@;

static inline bits bits_of(double number) {
    bits read;
    __builtin_memcpy(&read, &number, 8);
    return read;
}

static inline double float_of(bits read) {
    double number;
    __builtin_memcpy(&number, &read, 8);
    return number;
}

// 2 to a whole number between -1022 and 1023.
static INLINE double power_of_two(double k) {
    return float_of((bits_of(k + SHIFT) + 1023) << 52);
}

static INLINE double exponential(double x) {
    x = 710.0 < x ? 710.0 : x;
    x = x < -746.0 ? -746.0 : x;
    double k = (x * 1.4426950408889634 + SHIFT) - SHIFT;
    double r = x - k * 6.93147180369123816490e-01;
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
    // The same operations as on the desk, so the same bits.
    r = __builtin_fma(-k, 1.90821492927058770002e-10, r);
    double p = 2.5110037605963777e-08;
    p = __builtin_fma(p, r, 2.763263963904103e-07);
    p = __builtin_fma(p, r, 2.755724091857897e-06);
    p = __builtin_fma(p, r, 2.4801485482328494e-05);
    p = __builtin_fma(p, r, 0.00019841269890047113);
    p = __builtin_fma(p, r, 0.0013888888952314775);
    p = __builtin_fma(p, r, 0.008333333333319601);
    p = __builtin_fma(p, r, 0.0416666666664881);
    p = __builtin_fma(p, r, 0.1666666666666668);
    p = __builtin_fma(p, r, 0.5000000000000019);
    p = __builtin_fma(p, r, 1.0);
    p = __builtin_fma(p, r, 1.0);
#else
    // WebAssembly rounds twice where the desk multiplies and adds in one instruction, and to imitate that takes 18
    // operations for these two. The same sum in pairs, which do not wait for each other, is a third faster.
    r -= k * 1.90821492927058770002e-10;
    double r2 = r * r, r4 = r2 * r2, r8 = r4 * r4;
    double first = (r + 1.0) + (0.1666666666666668 * r + 0.5000000000000019) * r2;
    double second = (0.008333333333319601 * r + 0.0416666666664881) +
                    (0.00019841269890047113 * r + 0.0013888888952314775) * r2;
    double third = (2.755724091857897e-06 * r + 2.4801485482328494e-05) +
                   (2.5110037605963777e-08 * r + 2.763263963904103e-07) * r2;
    double p = first + (second * r4 + third * r8);
#endif
    // In two steps, as 2**k itself may lie outside of what a float holds.
    double half = floor(k * 0.5);
    return p * power_of_two(half) * power_of_two(k - half);
}

// The compiler may reorder such additions, so sums use vector instructions; within one compiled file always alike.
static inline double plus(double a, double b) {
#pragma clang fp reassociate(on)
    return a + b;
}

static inline double times(double a, double b) {
    return a * b;
}

static inline double smaller(double a, double b) {
    return (a < b || a != a) ? a : b;
}

static inline double larger(double a, double b) {
    return (a > b || a != a) ? a : b;
}

static inline double choose(_Bool condition, double a, double b) {
    return condition ? a : b;
}

static inline double xidz(double numerator, double denominator, double otherwise) {
    return fabs(denominator) < SMALL ? otherwise : numerator / denominator;
}

static inline double zidz(double numerator, double denominator) {
    return fabs(denominator) < SMALL ? 0.0 : numerator / denominator;
}

static inline double quantum(double a, double b) {
    return b < SMALL ? a : b * trunc(a / b);
}

static inline double modulo(double a, double b) {
    return a - quantum(a, b);
}

static inline double power(double a, double b) {
    return pow(a, b);
}

static inline double logarithm(double a, double b) {
    return log(a) / log(b);
}

static inline double step(double time, double time_step, double height, double start) {
    return height * (time + time_step / 2.0 > start ? 1.0 : 0.0);
}

static inline double ramp(double time, double slope, double start, double finish) {
    return (time + SMALL > start ? 1.0 : 0.0) * slope * (smaller(finish, time) - start);
}

static inline double pulse(double time, double time_step, double start, double width, double height) {
    double since = time + time_step / 2.0 - start;
    double near = SMALL * time_step;
    return near < since && since < larger(width, time_step) - near ? height : 0.0;
}

// The remainder with the sign of b, as Python's % has it.
static inline double python_modulo(double a, double b) {
    double rest = fmod(a, b);
    if (rest != 0.0)
        return (b < 0.0) != (rest < 0.0) ? rest + b : rest;
    return b < 0.0 ? -0.0 : 0.0;
}

static inline double pulse_train(double time, double time_step, double start, double width, double interval, double end,
                                 double height) {
    if (interval <= 0.0)
        return pulse(time, time_step, start, width, height);
    double since = time + time_step / 2.0 - start;
    double near = SMALL * time_step;
    if (since <= near || time > end + near)
        return 0.0;
    double within = python_modulo(since - near, interval);
    return within < larger(width, time_step) - 2.0 * near || width >= interval ? height : 0.0;
}

static inline _Bool same_moment(double time, double other, double time_step) {
    return fabs(time - other) < 1e-5 * time_step;
}

static inline double floor_modulo(double a, double b) {
    return a - b * floor(a / b);
}

static inline double round_half_up(double a) {
    return floor(a + 0.5);
}

static inline double delay_order(double order, double time_step, double shortest) {
    while (order * time_step > shortest)
        order -= 1.0;
    return order >= 1.0 ? order : MISSING;
}

// Tables: the x values lie in w before the y values.

static inline double interpolate(const double *w, place first, place count, double x) {
    if (x != x)
        return MISSING;
    place last = first + count - 1;
    if (x >= w[last])
        return w[last + count];
    if (x <= w[first])
        return w[first + count];
    place k = first;
    while (w[k + 1] <= x)
        k++;
    double slope = (w[k + 1 + count] - w[k + count]) / (w[k + 1] - w[k]);
    return slope * (x - w[k]) + w[k + count];
}

static inline double interpolate_first(const double *w, place first, place count, double x) {
    for (place k = first; k < first + count; k++)
        if (w[k] == x)
            return w[k + count];
    return interpolate(w, first, count, x);
}

static inline double hold_forward(const double *w, place first, place count, double x) {
    place k = first;
    while (k < first + count - 1 && w[k] < x)
        k++;
    return w[k + count];
}

static inline double hold_backward(const double *w, place first, place count, double x) {
    place k = first;
    while (k < first + count - 1 && w[k + 1] <= x)
        k++;
    return w[k + count];
}

static inline double invert(const double *w, place first, place count, double y) {
    for (place k = first; k < first + count - 1; k++) {
        double low = w[k + count], high = w[k + 1 + count];
        if ((low <= y && y <= high) || (high <= y && y <= low)) {
            double share = high == low ? 0.0 : (y - low) / (high - low);
            return w[k] + share * (w[k + 1] - w[k]);
        }
    }
    place last = first + count - 1;
    return fabs(y - w[first + count]) < fabs(y - w[last + count]) ? w[first] : w[last];
}

// Python's min and max, which return the first where neither is less or more.
static inline double least(double a, double b) {
    return b < a ? b : a;
}

static inline double most(double a, double b) {
    return b > a ? b : a;
}

static inline double area(const double *w, place first, place count, double x) {
    double total = w[first + count] * least(x - w[first], 0.0);
    for (place k = first; k < first + count - 1; k++) {
        double right = least(x, w[k + 1]);
        if (right > w[k])
            total += (right - w[k]) * (w[k + count] + interpolate(w, first, count, right)) / 2.0;
    }
    place last = first + count - 1;
    return total + w[last + count] * most(x - w[last], 0.0);
}

static inline double exact_or_missing(const double *w, place first, place count, double x) {
    for (place k = first; k < first + count; k++)
        if (fabs(w[k] - x) < 1e-6)
            return w[k + count];
    return NOT_AVAILABLE;
}

static inline double extrapolate(const double *w, place first, place count, double x) {
    place last = first + count - 1;
    if (count > 1 && (x > w[last] || x < w[first])) {
        place k = x > w[last] ? last - 1 : first;
        double slope = (w[k + 1 + count] - w[k + count]) / (w[k + 1] - w[k]);
        place end = x > w[last] ? last : first;
        return w[end + count] + slope * (x - w[end]);
    }
    return interpolate(w, first, count, x);
}

// Functions of whole arrays, each given by its first place and the distance of its elements.

static inline double share_given(double kind, double x, double priority, double width) {
    if (kind == 1.0)
        return least(most((priority + width / 2.0 - x) / width, 0.0), 1.0);
    if (kind == 2.0) {
        double near = least(most((priority + width / 2.0 - x) / width, 0.0), 1.0);
        return near < 0.5 ? 2.0 * near * near : 1.0 - 2.0 * (1.0 - near) * (1.0 - near);
    }
    if (kind == 3.0)
        return 0.5 * erfc((x - priority) / (sqrt(2.0) * width));
    if (kind == 4.0) {
        double far = 0.5 * exp(-fabs(x - priority) / width);
        return x < priority ? 1.0 - far : far;
    }
    return MISSING;
}

static inline double allocate_available(const double *w, place request, place request_stride, place kinds,
                                        place kind_stride, place priorities, place priority_stride, place widths,
                                        place width_stride, place size, double supply, double element) {
    double asked = 0.0, low = INFINITE, high = -INFINITE;
    for (place k = 0; k < size; k++) {
        asked += w[request + k * request_stride];
        double width = w[widths + k * width_stride];
        low = least(low, w[priorities + k * priority_stride] - 40.0 * width);
        high = most(high, w[priorities + k * priority_stride] + 40.0 * width);
    }
    place own = (place)element;
    if (supply >= asked)
        return w[request + own * request_stride];
    if (supply <= 0.0)
        return 0.0;
    double middle = (low + high) / 2.0;
    for (int round = 0; round < 200; round++) {
        double given = 0.0;
        for (place k = 0; k < size; k++)
            if (w[request + k * request_stride] != 0.0)
                given += w[request + k * request_stride] *
                         share_given(w[kinds + k * kind_stride], middle, w[priorities + k * priority_stride],
                                     w[widths + k * width_stride]);
        if (given > supply)
            low = middle;
        else
            high = middle;
        middle = (low + high) / 2.0;
        if (middle == low || middle == high)
            break;
    }
    if (w[request + own * request_stride] == 0.0)
        return 0.0;
    double share = share_given(w[kinds + own * kind_stride], middle, w[priorities + own * priority_stride],
                               w[widths + own * width_stride]);
    return w[request + own * request_stride] * share;
}

static inline double allocate_by_priority(const double *w, place request, place request_stride, place priorities,
                                          place priority_stride, place size, double width, double supply,
                                          double element) {
    double asked = 0.0, low = INFINITE, high = -INFINITE;
    for (place k = 0; k < size; k++) {
        asked += w[request + k * request_stride];
        low = least(low, w[priorities + k * priority_stride] - width);
        high = most(high, w[priorities + k * priority_stride]);
    }
    place own = (place)element;
    if (supply >= asked)
        return w[request + own * request_stride];
    if (supply <= 0.0)
        return 0.0;
    double middle = (low + high) / 2.0;
    for (int round = 0; round < 200; round++) {
        double given = 0.0;
        for (place k = 0; k < size; k++) {
            double share = (w[priorities + k * priority_stride] - middle) / width;
            given += w[request + k * request_stride] * least(most(share, 0.0), 1.0);
        }
        if (given > supply)
            low = middle;
        else
            high = middle;
        middle = (low + high) / 2.0;
        if (middle == low || middle == high)
            break;
    }
    double share = (w[priorities + own * priority_stride] - middle) / width;
    return w[request + own * request_stride] * least(most(share, 0.0), 1.0);
}

static inline double inverted_element(const double *w, place matrix, place row_stride, place column_stride, place size,
                                      double row, double column) {
    double left[size][size], right[size];
    for (place i = 0; i < size; i++) {
        right[i] = 0.0;
        for (place j = 0; j < size; j++)
            left[i][j] = w[matrix + i * row_stride + j * column_stride];
    }
    right[(place)column] = 1.0;
    for (place i = 0; i < size; i++) {
        place pivot = i;
        for (place k = i + 1; k < size; k++)
            if (fabs(left[k][i]) > fabs(left[pivot][i]))
                pivot = k;
        for (place j = 0; j < size; j++) {
            double kept = left[i][j];
            left[i][j] = left[pivot][j];
            left[pivot][j] = kept;
        }
        double kept = right[i];
        right[i] = right[pivot];
        right[pivot] = kept;
        for (place k = 0; k < size; k++) {
            if (k == i)
                continue;
            double factor = left[k][i] / left[i][i];
            for (place j = i; j < size; j++)
                left[k][j] -= factor * left[i][j];
            right[k] -= factor * right[i];
        }
    }
    return right[(place)row] / left[(place)row][(place)row];
}

// Random numbers that follow from where they stand alone (the finalizer of SplitMix64).

static inline bits mixed(bits state, double number) {
    bits z = (state ^ (bits)(long long)number) + 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
}

static inline double drawn(double seed, double stream, double element, double run, double step, place draw) {
    bits state = mixed(mixed(mixed(0, seed * 1024.0), stream), element);
    state = mixed(mixed(mixed(state, run), step), (double)draw);
    return ((double)(state >> 11) + 0.5) / 9007199254740992.0;
}

static inline double random_uniform(double low, double high, double seed, double stream, double element, double run,
                                    double step) {
    return low + (high - low) * drawn(seed, stream, element, run, step, 0);
}

static inline double random_normal(double low, double high, double mean, double deviation, double seed, double stream,
                                   double element, double run, double step) {
    double value = mean;
    for (place draw = 0; draw < 64; draw++) {
        double length = sqrt(-2.0 * log(drawn(seed, stream, element, run, step, 2 * draw)));
        double turn = 2.0 * PI * drawn(seed, stream, element, run, step, 2 * draw + 1);
        value = mean + deviation * length * cos(turn);
        if (low <= value && value <= high)
            return value;
    }
    return value < low ? low : high;
}

static inline double random_exponential(double low, double high, double shift, double stretch, double seed,
                                        double stream, double element, double run, double step) {
    double value = shift;
    for (place draw = 0; draw < 64; draw++) {
        value = shift - stretch * log(drawn(seed, stream, element, run, step, draw));
        if (low <= value && value <= high)
            return value;
    }
    return value < low ? low : high;
}

static inline double random_poisson(double low, double high, double mean, double shift, double stretch, double seed,
                                    double stream, double element, double run, double step) {
    double value = shift;
    place draw = 0;
    for (int round = 0; round < 64; round++) {
        if (mean > 1000.0) {
            // So many are counted no more: the normal distribution is as near as no matter.
            double length = sqrt(-2.0 * log(drawn(seed, stream, element, run, step, draw)));
            double turn = 2.0 * 3.141592653589793 * drawn(seed, stream, element, run, step, draw + 1);
            draw += 2;
            double drawn_count = floor(mean + sqrt(mean) * length * cos(turn) + 0.5);
            value = shift + stretch * (drawn_count > 0.0 ? drawn_count : 0.0);
            if (low <= value && value <= high)
                return value;
            continue;
        }
        // Waiting times of mean one that fit into `mean`.
        double waited = -log(drawn(seed, stream, element, run, step, draw));
        double count = 0.0;
        while (waited < mean) {
            draw++;
            count += 1.0;
            waited -= log(drawn(seed, stream, element, run, step, draw));
        }
        draw++;
        value = shift + stretch * count;
        if (low <= value && value <= high)
            return value;
    }
    return value < low ? low : high;
}

#ifdef __wasm__
#define EXPORT(name) __attribute__((export_name(#name)))
// Where memory begins that nothing else uses.
extern byte __heap_base;
EXPORT(heap) place heap(void) {
    return (place)&__heap_base;
}
#else
#define EXPORT(name) __attribute__((visibility("default")))
#endif

// What runs are asked for; `engine.js` writes it word by word.
struct request {
    const double *times;    // Moments that a run passes through:
    place moments;
    const byte *saved;      // whether each of these is saved, and how many are.
    place labels;
    const byte *need;       // Whether each block is needed for what is asked for.
    place moving;           // Whether a change is a path over time.
    const int *changes;     // Changed constants; see `put_changes` for these.
    place change_count;
    const double *knots;
    const double *values;
    const int *kept;        // Places of the outputs.
    place kept_count;
    const int *states;      // Start and size of the states that must stay finite.
    place state_count;
    double *pipes;          // Room for the pipes of fixed delays.
    place pipe_room;
    place first_run;        // Number of the first run, from which random numbers follow.
    place keep_going;       // Whether a run goes on after a value that is not finite.
};

static INLINE _Bool put(double *w, place here, double value) {
    const _Bool other = w[here] != value;
    w[here] = value;
    return other;
}

// Writes the changed constants of one run into the work space: fixed ones, and paths read at `time`; says whether one of
// them is another than it was. Each row is: place in w, size, first knot, number of knots, first value, values per run (0
// if shared), whether it is written at every moment.
static _Bool put_changes(double *w, place run, double time, place moving_only, const struct request *asked) {
    const double *knots = asked->knots, *values = asked->values;
    _Bool other = 0;
    for (place number = 0; number < asked->change_count; number++) {
        const int *row = asked->changes + 7 * number;
        place start = row[0], size = row[1], first = row[2], count = row[3];
        if (moving_only && !row[6])
            continue;
        place source = row[4] + run * row[5];
        if (count == 1 || time <= knots[first]) {
            for (place k = 0; k < size; k++)
                other |= put(w, start + k, values[source + k]);
        } else if (time >= knots[first + count - 1]) {
            source += (count - 1) * size;
            for (place k = 0; k < size; k++)
                other |= put(w, start + k, values[source + k]);
        } else {
            place j = first;
            while (knots[j + 1] <= time)
                j++;
            place low = source + (j - first) * size;
            for (place k = 0; k < size; k++) {
                double slope = (values[low + size + k] - values[low + k]) / (knots[j + 1] - knots[j]);
                other |= put(w, start + k, slope * (time - knots[j]) + values[low + k]);
            }
        }
    }
    return other;
}

// Copies the wanted outputs into the course of one run, `labels` apart; says whether all of them are finite.
static _Bool keep(const double *w, const struct request *asked, double *out) {
    double check = 0.0;
    for (place k = 0; k < asked->kept_count; k++) {
        double value = w[asked->kept[k]];
        out[k * asked->labels] = value;
        check += value * 0.0;
    }
    return check == 0.0;
}

static _Bool all_finite(const double *w, const struct request *asked) {
    double check = 0.0;
    for (place row = 0; row < asked->state_count; row++) {
        place start = asked->states[2 * row], size = asked->states[2 * row + 1];
        for (place k = 0; k < size; k++)
            check = plus(check, w[start + k] * 0.0);
    }
    return check == 0.0;
}

// The largest size that one of the balances, which should be zero, has had.
static double largest(const double *w, const int *watched, place count, double before) {
    for (place k = 0; k < count; k++)
        before = larger(fabs(w[watched[k]]), before);
    return before;
}

// Makes and fills the pipes of DELAY FIXED; pointers holds, for each, the present slot, slots and first place. Each row
// of the table is: place of the output, place of the input, size, place of the delay time. Returns the room they take,
// and fills them only where there is so much.
static place start_pipes(const double *w, const int *table, place count, double time_step, place *pointers,
                         double *pipes, place room) {
    place total = 0;
    for (place row = 0; row < count; row++) {
        place slots = (place)nearest(most(w[table[4 * row + 3]] / time_step, 1.0) + SMALL);
        pointers[3 * row] = 0;
        pointers[3 * row + 1] = slots;
        pointers[3 * row + 2] = total;
        total += slots * table[4 * row + 2];
    }
    if (total > room)
        return total;
    for (place row = 0; row < count; row++) {
        place size = table[4 * row + 2];
        for (place slot = 0; slot < pointers[3 * row + 1]; slot++)
            for (place k = 0; k < size; k++)
                pipes[pointers[3 * row + 2] + slot * size + k] = w[table[4 * row] + k];
    }
    return total;
}

static void move_pipes(double *w, const int *table, place count, place *pointers, double *pipes) {
    for (place row = 0; row < count; row++) {
        place output = table[4 * row], source = table[4 * row + 1], size = table[4 * row + 2];
        place slot = pointers[3 * row], slots = pointers[3 * row + 1], first = pointers[3 * row + 2];
        for (place k = 0; k < size; k++)
            pipes[first + slot * size + k] = w[source + k];
        slot = (slot + 1) % slots;
        pointers[3 * row] = slot;
        for (place k = 0; k < size; k++)
            w[output + k] = pipes[first + slot * size + k];
    }
}

static void copy_out(const double *w, const int *segments, place count, double *out) {
    for (place row = 0; row < count; row++)
        for (place k = 0; k < segments[2 * row + 1]; k++)
            *out++ = w[segments[2 * row] + k];
}

static void copy_back(double *w, const int *segments, place count, const double *kept) {
    for (place row = 0; row < count; row++)
        for (place k = 0; k < segments[2 * row + 1]; k++)
            w[segments[2 * row] + k] = *kept++;
}

// Weighs how far a stage of a Runge-Kutta step has moved the states, and puts them where the next stage starts. With a
// share of nought the step is over, and the states go where all stages together have moved them.
static void end_stage(double *w, const int *segments, place count, const double *origin, const double *before,
                      double *total, double weight, double share) {
    place position = 0;
    for (place row = 0; row < count; row++)
        for (place k = 0; k < segments[2 * row + 1]; k++, position++) {
            place here = segments[2 * row] + k;
            double moved = w[here] - before[position];
            total[position] += weight * moved;
            w[here] = origin[position] + (share > 0.0 ? share * moved : total[position]);
        }
}
