/* The equations of cohorts.mdl written by hand, twice; output of a run and year: residents, births and deaths. */
#include <math.h>
#include <string.h>

enum { DISTRICTS = 12, GROUPS = 5, AGES = 86, STEPS = 60, EVERY = 4, WIDTH = DISTRICTS + 2 };
static const double STEP = 0.25, ROOM = 500000.0, FIRST = 1000.0;

typedef double Cells[DISTRICTS][GROUPS][AGES];

static void tables(const double *levels, double *mortality, double *mobility) {
    for (int a = 0; a < AGES; a++) {
        mortality[a] = levels[1] * exp(0.05 * (a + 1 - 40.0));
        mobility[a] = levels[2] * exp(-0.02 * (a + 1));
    }
}

static double add(const double *x, int first, int last) {
    double sum = 0.0;
#pragma omp simd reduction(+ : sum)
    for (int a = first; a < last; a++) sum += x[a];
    return sum;
}

/* Every variable of the model kept in memory, one loop nest each: the same loops. */
static void run_same(const double *levels, double *out) {
    static _Thread_local Cells people, deaths, older, leaving, arriving;
    double mortality[AGES], mobility[AGES], movers[GROUPS][AGES], births[DISTRICTS][GROUPS];
    double residents[DISTRICTS], share[DISTRICTS];
    tables(levels, mortality, mobility);
    for (int k = 0; k < DISTRICTS * GROUPS * AGES; k++) (&people[0][0][0])[k] = FIRST;
    for (int step = 0; step <= STEPS; step++) {
        double attraction = 0.0;
        for (int d = 0; d < DISTRICTS; d++)
            for (int g = 0; g < GROUPS; g++) births[d][g] = levels[0] * add(people[d][g], 15, 50);
        for (int d = 0; d < DISTRICTS; d++)
            for (int g = 0; g < GROUPS; g++)
                for (int a = 0; a < AGES; a++) {
                    deaths[d][g][a] = people[d][g][a] * mortality[a];
                    leaving[d][g][a] = people[d][g][a] * mobility[a];
                    older[d][g][a] = a < AGES - 1 ? people[d][g][a] : 0.0;
                }
        memset(movers, 0, sizeof movers);
        for (int d = 0; d < DISTRICTS; d++)
            for (int g = 0; g < GROUPS; g++)
                for (int a = 0; a < AGES; a++) movers[g][a] += leaving[d][g][a];
        for (int d = 0; d < DISTRICTS; d++) {
            residents[d] = add(people[d][0], 0, GROUPS * AGES);
            share[d] = (d + 1) / (1.0 + residents[d] / ROOM);
            attraction += share[d];
        }
        for (int d = 0; d < DISTRICTS; d++) share[d] /= attraction;
        if (step % EVERY == 0) {
            double *row = out + step / EVERY * WIDTH;
            memcpy(row, residents, sizeof residents);
            row[DISTRICTS] = add(births[0], 0, DISTRICTS * GROUPS);
            row[DISTRICTS + 1] = add(deaths[0][0], 0, DISTRICTS * GROUPS * AGES);
        }
        if (step == STEPS) break;
        for (int d = 0; d < DISTRICTS; d++)
            for (int g = 0; g < GROUPS; g++)
                for (int a = 0; a < AGES; a++) arriving[d][g][a] = movers[g][a] * share[d];
        for (int d = 0; d < DISTRICTS; d++)
            for (int g = 0; g < GROUPS; g++) {
                double *p = people[d][g];
                p[0] += STEP * (births[d][g] + arriving[d][g][0] - leaving[d][g][0] - deaths[d][g][0] - older[d][g][0]);
                for (int a = 1; a < AGES; a++)
                    p[a] += STEP * (older[d][g][a - 1] + arriving[d][g][a] - leaving[d][g][a] - deaths[d][g][a] -
                                    older[d][g][a]);
            }
    }
}

/* Flows fused into two passes and never stored: what a specialist would write for these outputs only. */
static void run_fused(const double *levels, double *out) {
    static _Thread_local Cells people, next;
    double mortality[AGES], mobility[AGES], staying[AGES], movers[GROUPS][AGES], births[DISTRICTS][GROUPS];
    double residents[DISTRICTS], share[DISTRICTS];
    tables(levels, mortality, mobility);
    for (int a = 0; a < AGES; a++) staying[a] = 1.0 - STEP * (mortality[a] + mobility[a] + (a < AGES - 1));
    for (int k = 0; k < DISTRICTS * GROUPS * AGES; k++) (&people[0][0][0])[k] = FIRST;
    for (int step = 0; step <= STEPS; step++) {
        double attraction = 0.0;
        memset(movers, 0, sizeof movers);
        for (int d = 0; d < DISTRICTS; d++) {
            residents[d] = add(people[d][0], 0, GROUPS * AGES);
            for (int g = 0; g < GROUPS; g++) {
                births[d][g] = levels[0] * add(people[d][g], 15, 50);
                for (int a = 0; a < AGES; a++) movers[g][a] += people[d][g][a] * mobility[a];
            }
            share[d] = (d + 1) / (1.0 + residents[d] / ROOM);
            attraction += share[d];
        }
        if (step % EVERY == 0) {
            double *row = out + step / EVERY * WIDTH, deaths = 0.0;
            memcpy(row, residents, sizeof residents);
            row[DISTRICTS] = add(births[0], 0, DISTRICTS * GROUPS);
            for (int d = 0; d < DISTRICTS; d++)
                for (int g = 0; g < GROUPS; g++)
#pragma omp simd reduction(+ : deaths)
                    for (int a = 0; a < AGES; a++) deaths += people[d][g][a] * mortality[a];
            row[DISTRICTS + 1] = deaths;
        }
        if (step == STEPS) break;
        for (int d = 0; d < DISTRICTS; d++) {
            double part = STEP * share[d] / attraction;
            for (int g = 0; g < GROUPS; g++) {
                const double *p = people[d][g];
                double *n = next[d][g];
                n[0] = p[0] * staying[0] + STEP * births[d][g] + part * movers[g][0];
                for (int a = 1; a < AGES; a++) n[a] = p[a] * staying[a] + STEP * p[a - 1] + part * movers[g][a];
            }
        }
        memcpy(people, next, sizeof people);
    }
}

void run(int runs, int threads, int fused, const double *levels, double *out) {
#pragma omp parallel for num_threads(threads) schedule(dynamic, 16)
    for (int r = 0; r < runs; r++)
        (fused ? run_fused : run_same)(levels + 3 * r, out + (long)r * (STEPS / EVERY + 1) * WIDTH);
}
