// The screens that every check of looks goes over: path, token of the stage, and what stands on the page.
export const screens = [
  { path: '/login', shows: 'Вход' },
  { path: '/login?over=1&next=/choose', shows: 'Сеанс закончился' },
  { path: '/claim', shows: 'Регистрация' },
  { path: '/reset', shows: 'Новый пароль' },
  { path: '/consent', token: 'student-consent', shows: 'Даю согласие' },
  { path: '/account', token: 'student', shows: 'Мои устройства', open: true },
  { path: '/account', token: 'student-hostile', shows: 'Профиль', open: true },
  { path: '/account', token: 'coach-empty', shows: 'Профиль', open: true },
  { path: '/', token: 'student', shows: 'Здравствуйте' },
  { path: '/nowhere', shows: 'Такой страницы нет', status: 404 },
  { path: '/choose', token: 'coach', shows: 'не для вас', status: 403 },
  { path: '/choose', token: 'student-down', shows: 'Сервер сейчас занят', status: 503 },
  { path: '/choose', token: 'student', shows: 'Запись на январь' },
  { path: '/choose', token: 'student-empty', shows: 'Запись на январь' },
  { path: '/choose?chosen=8,22,3&was=1,22', token: 'student', shows: 'Досталось не всё' },
];
